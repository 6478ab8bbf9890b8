package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"vitrine.dev/internal/catalog"
)

func (a *api) createProduct(w http.ResponseWriter, r *http.Request) error {
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return err
	}
	draft, err := decodeBody(a, r, decodeDraft, "Accept-Post", typeJSON)
	if err != nil {
		return err
	}
	c, err := a.create(r.Context(), draft, key)
	if err != nil {
		return fmt.Errorf("create product: %w", err)
	}
	w.Header().Set("Location", "/products/"+strconv.FormatInt(c.ProductID, 10))
	w.Header().Set("ETag", a.etag(c.Version))
	if c.Replayed {
		w.Header().Set(headerIdempotencyReplayed, "true")
	}
	return writeJSON(w, http.StatusCreated, created{Message: "Product created successfully", ProductID: c.ProductID})
}

// create creates once for a key, and anew without one.
func (a *api) create(ctx context.Context, d catalog.Draft, key string) (catalog.Creation, error) {
	if key != "" {
		return a.Service.CreateOnce(ctx, d, key)
	}
	p, err := a.Service.Create(ctx, d)
	return catalog.Creation{ProductID: p.ID, Version: p.Version}, err
}

func (a *api) changeProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	versions, err := changePrecondition(r)
	if err != nil {
		return err
	}
	patch, err := decodeBody(a, r, decodePatch, "Accept-Patch", typeMergePatch, typeJSON)
	if err != nil {
		return err
	}
	p, err := a.Service.Change(r.Context(), id, patch, versions)
	if err != nil {
		return fmt.Errorf("change product %d: %w", id, err)
	}
	entry, err := a.encodeProduct(p)
	if err != nil {
		return err
	}
	a.writeEntry(w, entry) // whatever else is sent: the change was made
	return nil
}

func (a *api) deleteProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	versions, err := changePrecondition(r)
	if err != nil {
		return err
	}
	if err := a.Service.Delete(r.Context(), id, versions); err != nil {
		return fmt.Errorf("delete product %d: %w", id, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
