package products

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

// Handler serves products. It is safe for concurrent use.
type Handler struct {
	Service *catalog.Service
	Views   *catalog.Views
	URL     func(key string) string // where the public reads an object
	Format  string                  // of answers; a part of entity tags and of what is cached
	Lists   httpkit.Budget          // for pages that are read, encoded and sent
	Details httpkit.Budget          // for products that are sent
}

// Get answers from encoded bytes: on a hit nothing is encoded again.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	entry, err := h.Views.Product(r.Context(), id, h.Format, func(ctx context.Context) (cache.Entry, error) {
		p, err := h.Service.Product(ctx, id)
		if err != nil {
			return cache.Entry{}, fmt.Errorf("load product %d: %w", id, err)
		}
		return h.encode(p)
	})
	if err != nil {
		return fmt.Errorf("get product %d: %w", id, err)
	}
	if err := readPrecondition(r, entry.Version); err != nil {
		return err
	}
	tag := httpkit.VersionTag(entry.Version, h.Format)
	if httpkit.NotModified(r, tag) {
		setVersion(w.Header(), tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if len(entry.Body) > httpkit.FreeBytes {
		held, err := h.Details.TakeNow(int64(len(entry.Body)))
		if err != nil {
			return err
		}
		defer held.Free()
	}
	h.writeEntry(w, entry)
	return nil
}

// writeEntry answers 200 with an encoded product and its version.
func (h *Handler) writeEntry(w http.ResponseWriter, e cache.Entry) {
	setVersion(w.Header(), httpkit.VersionTag(e.Version, h.Format))
	httpkit.Write(w, http.StatusOK, httpkit.TypeJSON, e.Body)
}

// setVersion sets the version of the answer, and that it must be revalidated
// before it is reused. The map is written directly: the names are in
// canonical form.
func setVersion(h http.Header, tag string) {
	h["Etag"] = []string{tag}
	h["Cache-Control"] = []string{"no-cache"}
}

// readPrecondition evaluates If-Match on a read, as RFC 9110 wants it.
func readPrecondition(r *http.Request, version int64) error {
	versions, err := httpkit.ReadPrecondition(r)
	if err == nil && versions != nil && !slices.Contains(versions, version) {
		return fault.New(fault.Stale, "the product is at another version")
	}
	return err
}
