package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/fault"
)

// getProduct answers from encoded bytes: on a hit nothing is encoded again.
func (a *api) getProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	entry, err := a.Views.Product(r.Context(), id, a.form, func(ctx context.Context) (cache.Entry, error) {
		p, err := a.Service.Product(ctx, id)
		if err != nil {
			return cache.Entry{}, fmt.Errorf("load product %d: %w", id, err)
		}
		return a.encodeProduct(p)
	})
	if err != nil {
		return fmt.Errorf("get product %d: %w", id, err)
	}
	if err := readPrecondition(r, entry.Version); err != nil {
		return err
	}
	tag := a.etag(entry.Version)
	if notModified(r, tag) {
		setVersion(w.Header(), tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if len(entry.Body) > freeBytes {
		held, err := takeNow(a.memory.details, int64(len(entry.Body)))
		if err != nil {
			return err
		}
		defer held.free()
	}
	a.writeEntry(w, entry)
	return nil
}

// writeEntry answers 200 with an encoded product and its version.
func (a *api) writeEntry(w http.ResponseWriter, e cache.Entry) {
	setVersion(w.Header(), a.etag(e.Version))
	write(w, http.StatusOK, typeJSON, e.Body)
}

// setVersion says which version the answer is, and that it is to be asked for
// again before it is used again. The map is written directly: the names are in
// canonical form.
func setVersion(h http.Header, tag string) {
	h["Etag"] = []string{tag}
	h["Cache-Control"] = []string{"no-cache"}
}

// readPrecondition evaluates If-Match on a read, as RFC 9110 wants it.
func readPrecondition(r *http.Request, version int64) error {
	t, given, ok := parseTags(r.Header, "If-Match")
	switch {
	case !given:
		return nil
	case !ok:
		return refuse(http.StatusBadRequest, "If-Match must be * or a list of at most %d entity tags such as \"3\"", maxTags)
	}
	if versions := t.versions(); versions != nil && !slices.Contains(versions, version) {
		return fault.New(fault.Stale, "the product is at another version")
	}
	return nil
}
