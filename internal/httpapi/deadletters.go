package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

// maxDeadPageMemory is what a page of dead letters takes while it is read and
// encoded: the URL of each, its detail and its preview, four times over.
const maxDeadPageMemory = failures.MaxListLimit * 4 * (catalog.MaxURLBytes + 1024)

// timeReason is what is said of a time that cannot be read.
const timeReason = "must be an RFC 3339 time such as 2026-11-23T06:00:00Z"

func (a *api) listDeadLetters(w http.ResponseWriter, r *http.Request) error {
	p := paramsOf(r)
	filter := failures.Filter{
		Reason:       fault.Reason(p.text(failures.FieldReason)),
		Host:         p.text(failures.FieldHost),
		UserID:       p.integer(failures.FieldUserID, catalog.MaxID),
		ProductID:    p.integer(failures.FieldProductID, catalog.MaxID),
		FailedAfter:  p.time(failures.FieldFailedAfter),
		FailedBefore: p.time(failures.FieldFailedBefore),
	}
	limit := int(p.integer(paramLimit, failures.MaxListLimit))
	var after *failures.Position
	if s := p.text(paramCursor); s != "" {
		place, ok := decodeDeadCursor(s)
		if !ok {
			p.errors.Add(paramCursor, "must be taken from the Link of the page before")
		}
		after = &place
	}
	filter.FieldErrors = p.errors
	held, err := take(r.Context(), a.memory.lists, maxDeadPageMemory)
	if err != nil {
		return fmt.Errorf("list dead letters: %w", err)
	}
	defer held.free()
	page, err := a.DeadLetters.List(r.Context(), filter, after, limit)
	if err != nil {
		return fmt.Errorf("list dead letters: %w", err)
	}
	if page.Next != nil {
		w.Header().Set("Link", p.link(r.URL.Path, encodeDeadCursor(*page.Next)))
	}
	list := make([]deadLetter, len(page.Items))
	for i, l := range page.Items {
		list[i] = wireDeadLetter(l)
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, list)
}

func (p *params) time(name string) time.Time {
	s := p.text(name)
	if s == "" {
		return time.Time{}
	}
	t, ok := parseTime(s)
	if !ok {
		p.errors.Add(name, timeReason)
	}
	return t
}

// parseTime reads a time that a millisecond column can hold.
func parseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, strings.ToUpper(s))
	t = t.UTC()
	return t, err == nil && t.Year() >= 1970 && t.Year() <= 9999
}

// replayImage is for the product's owner; the answer is the image, which is
// pending again.
func (a *api) replayImage(w http.ResponseWriter, r *http.Request) error {
	product, err := pathID(r)
	if err != nil {
		return err
	}
	id, ok := parseID(r.PathValue("image_id"))
	if !ok {
		return fault.InvalidField("image_id", integerReason(catalog.MaxID))
	}
	img, version, err := a.DeadLetters.ReplayImage(r.Context(), product, id)
	if err != nil {
		return fmt.Errorf("replay image %d of product %d: %w", id, product, err)
	}
	w.Header().Set("ETag", a.etag(version))
	return writeJSON(w, http.StatusAccepted, a.wireImage(img))
}
