package failures

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/paging"
)

// maxPageMemory is what a page of dead letters needs while it is read and
// encoded: the URL of each, its detail and its preview, four times over.
const maxPageMemory = paging.Most * 4 * (imageurl.MaxBytes + 1024)

// Handler serves failed work. It is safe for concurrent use.
type Handler struct {
	Service *failures.Service
	URL     func(key string) string // where the public reads an object
	Tag     func() string           // the end of the entity tags of products
	Lists   httpkit.Budget          // for pages that are read and encoded
	Waits   products.Waits
	Cursors page.Cursors
}

// List answers with one page.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	filter := queriedFilter(p)
	limit := int(p.Integer(httpkit.ParamLimit, paging.Most))
	after, err := page.Read(h.Cursors, r, page.FromLink, decodePosition)
	if err != nil {
		return fmt.Errorf("list dead letters: %w", err)
	}
	filter.FieldErrors = p.Errors
	held, err := h.Lists.Take(r.Context(), maxPageMemory)
	if err != nil {
		return fmt.Errorf("list dead letters: %w", err)
	}
	defer held.Free()
	found, err := h.Service.List(r.Context(), auth.From(r.Context()), filter, after, limit)
	if err != nil {
		return fmt.Errorf("list dead letters: %w", err)
	}
	var next []byte
	if found.Next != nil {
		next = encodePosition(*found.Next)
	}
	return page.Write(h.Cursors, w, r, found.Items, wireLetter, next)
}

// queriedFilter reads the filter; what is wrong with it is among the errors of p.
func queriedFilter(p *httpkit.Params) failures.Filter {
	return failures.Filter{
		Reason:       fault.Reason(p.Text(failures.FieldReason)),
		Host:         p.AnyCase(filtered.FieldHost),
		UserID:       p.Integer(filtered.FieldUserID, catalog.MaxID),
		ProductID:    p.Integer(failures.FieldProductID, catalog.MaxID),
		FailedAfter:  p.Time(failures.FieldFailedAfter),
		FailedBefore: p.Time(failures.FieldFailedBefore),
	}
}

// ReplayImage is for the product's owner; the answer is the image as it is then: pending again,
// or what has become of it.
func (h *Handler) ReplayImage(w http.ResponseWriter, r *http.Request) error {
	product, id, err := products.ImagePath(r)
	if err != nil {
		return err
	}
	img, changed, err := h.Service.ReplayImage(r.Context(), auth.From(r.Context()), product, id)
	if err != nil {
		return fmt.Errorf("replay image %d of product %d: %w", id, product, err)
	}
	h.Waits.For(w, r, product, id)
	version, revision := changed.Version, changed.Revision
	if p, now, err := h.Waits.Service.Image(r.Context(), auth.From(r.Context()), product, id); err == nil { // else it was replayed all the same
		version, revision, img = p.Version, p.Revision, now
	}
	w.Header().Set("ETag", httpkit.VersionTag(version, revision, h.Tag()))
	return httpkit.WriteJSON(w, http.StatusAccepted, products.CurrentImage(img, h.URL))
}

func wireLetter(l failures.Item) wire.DeadLetter {
	w := wire.DeadLetter{
		ID: l.ID.String(), Kind: string(l.ID.Kind), FailedAt: l.FailedAt,
		Reason: wire.Reason{Code: string(l.Reason), Detail: l.Detail, Retryable: l.Retryable()},
	}
	if l.ID.Kind == failures.KindMessage {
		w.Kind = string(failures.Unreadable)
		w.MessageID, w.Bytes, w.Preview, w.ReceivedAt = l.MessageID, &l.Bytes, l.Preview, &l.FailedAt
		return w
	}
	w.ImageID, w.ProductID, w.UserID = l.ID.N, l.ProductID, l.UserID
	w.SourceURL, w.Host, w.Attempts, w.RequestID = l.SourceURL, l.Host, l.Attempts, l.RequestID
	return w
}

// encodePosition writes a position in the list of dead letters: its time in
// milliseconds, its kind and its number.
func encodePosition(p failures.Position) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.At.UnixMilli()))
	return append(append(b, kindByte(p.ID.Kind)), page.EncodeID(p.ID.N)...)
}

// decodePosition reads what encodePosition has written.
func decodePosition(b []byte) (*failures.Position, bool) {
	if len(b) != 17 {
		return nil, false
	}
	at := binary.BigEndian.Uint64(b)
	n, ok := page.DecodeID(b[9:])
	for _, kind := range []failures.Kind{failures.KindImage, failures.KindMessage} {
		if ok && kindByte(kind) == b[8] && at <= uint64(catalog.MaxID) {
			return &failures.Position{At: time.UnixMilli(int64(at)).UTC(), ID: failures.ID{Kind: kind, N: n}}, true
		}
	}
	return nil, false
}

func kindByte(k failures.Kind) byte { return string(k)[0] }
