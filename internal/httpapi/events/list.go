package events

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// Handler serves events. It is safe for concurrent use.
type Handler struct {
	Feed    *feed.Feed
	Service *catalog.Service
	Tokens  *auth.StreamTokens
	// Hold is an Authenticator's; nil: no key ends.
	Hold  func(context.Context, auth.Principal) (context.Context, context.CancelFunc)
	Lists httpkit.Budget // for pages that are encoded and sent
}

// eventMemory is what an event of a page takes at most, with its encoded form.
const eventMemory = 2 << 10

// List answers with a page of the log, or follows it where the client would rather have that.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	return h.answer(w, r, p.Integer(feed.FieldProductID, catalog.MaxID))
}

// OfProduct is List of the events of one product.
func (h *Handler) OfProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := httpkit.PathInteger(r, "id", catalog.MaxID)
	if err != nil {
		return err
	}
	if err := httpkit.ParamsOf(r).Errors.Err(); err != nil {
		return err
	}
	if _, err := h.Service.Product(r.Context(), auth.From(r.Context()), id); err != nil {
		return fmt.Errorf("product %d of events: %w", id, err)
	}
	return h.answer(w, r, id)
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, product int64) error {
	p := httpkit.ParamsOf(r)
	q := feed.Query{
		By: auth.From(r.Context()), After: p.Text(feed.FieldAfter), Types: p.Text(feed.FieldTypes), Product: product,
		Limit: int(p.Integer(httpkit.ParamLimit, feed.MaxLimit)),
	}
	w.Header().Add("Vary", "Accept, Prefer")
	if !Streams(r) {
		q.FieldErrors = p.Errors
		return h.page(w, r, q)
	}
	if last := r.Header.Get(headerLastEventID); last != "" {
		if q.After = last; !isID(last) {
			q.After = ""
			p.Errors.AddAt(fault.Parameter(), headerLastEventID, "must be the id of an event")
		}
	}
	q.FieldErrors = p.Errors
	return h.stream(w, r, q)
}

func isID(text string) bool {
	_, err := events.ParsePublicID(text)
	return err == nil
}

func (h *Handler) page(w http.ResponseWriter, r *http.Request, q feed.Query) error {
	most, preferred := products.PreferredWait(r)
	if preferred {
		q.Wait = most
	}
	began := time.Now()
	page, err := h.Feed.Page(r.Context(), q)
	if err != nil {
		return fmt.Errorf("list events: %w", err)
	}
	held, err := h.Lists.Take(r.Context(), int64(len(page.Events))*eventMemory)
	if err != nil {
		return err
	}
	defer held.Free()
	answer := wire.EventPage{Data: make([]wire.Event, len(page.Events)), NextCursor: page.Next.String(), More: page.More}
	for i, e := range page.Events {
		answer.Data[i] = e.Public(page.Next.Epoch)
	}
	if page.Waited {
		httpkit.KeptBack(w, time.Since(began))
		httpkit.Applied(w, products.PreferenceWait, strconv.Itoa(int(most/time.Second)))
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}

// Token makes a token with which a browser opens streams.
func (h *Handler) Token(w http.ResponseWriter, r *http.Request) error {
	token, expires, err := h.Tokens.Make(r.Context(), auth.From(r.Context()))
	if err != nil {
		return fmt.Errorf("make a stream token: %w", err)
	}
	return httpkit.WriteFresh(w, http.StatusOK, wire.StreamToken{Token: token, ExpiresAt: expires})
}
