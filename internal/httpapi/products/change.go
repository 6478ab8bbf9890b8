package products

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// path is where a product is.
func path(id int64) string { return "/products/" + strconv.FormatInt(id, 10) }

// messageCreated is the sentence of every answer to a create.
const messageCreated = "Product created successfully"

// Create answers as soon as the product and its work are stored.
func (h *Handler) Create(w http.ResponseWriter, r *http.Request) error {
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return err
	}
	draft, err := httpkit.DecodeBody(r, decodeDraft, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	c, err := h.create(r.Context(), auth.From(r.Context()), draft, key)
	if err != nil {
		return fmt.Errorf("create product: %w", err)
	}
	if h.Waits.For(w, r, c.ProductID, 0) {
		if p, err := h.Service.Product(r.Context(), auth.From(r.Context()), c.ProductID); err == nil { // else it was created all the same
			c.Version, c.Revision = p.Version, p.Revision
		}
	}
	w.Header().Set("Location", path(c.ProductID))
	w.Header().Set("ETag", httpkit.VersionTag(c.Version, c.Revision, h.Tag()))
	if c.Replayed {
		w.Header().Set(httpkit.HeaderIdempotencyReplayed, "true")
		w.Header().Set(httpkit.HeaderIdempotentReplayed, "true")
	}
	return httpkit.WriteJSON(w, http.StatusCreated, wire.Created{Message: messageCreated, ProductID: c.ProductID})
}

// create creates once for a key, and each time without one.
func (h *Handler) create(ctx context.Context, by auth.Principal, d catalog.Draft, key string) (catalog.Creation, error) {
	if key != "" {
		return h.Service.CreateOnce(ctx, by, d, key)
	}
	p, err := h.Service.Create(ctx, by, d)
	return catalog.Creation{ProductID: p.ID, Version: p.Version, Revision: p.Revision}, err
}

// Change applies a merge patch.
func (h *Handler) Change(w http.ResponseWriter, r *http.Request) error {
	id, versions, err := changeOf(r)
	if err != nil {
		return err
	}
	patch, err := httpkit.DecodeBody(r, decodePatch(h.shownAnywhere), "Accept-Patch", httpkit.TypeMergePatch, httpkit.TypeJSON)
	if err != nil {
		return err
	}
	p, err := h.Service.Change(r.Context(), auth.From(r.Context()), id, patch, versions)
	if err != nil {
		return fmt.Errorf("change product %d: %w", id, err)
	}
	view, err := h.encode(p)
	if err != nil {
		return err
	}
	writeView(w, view, httpkit.VersionTag(view.Version, view.Revision, h.Tag())) // whatever else is sent: the change was made
	return nil
}

// Put changes the product of the external id in the path, or creates it.
func (h *Handler) Put(w http.ResponseWriter, r *http.Request) error {
	condition, err := putCondition(r)
	if err != nil {
		return err
	}
	sent, err := httpkit.DecodeBody(r, decodeSent(r.PathValue(catalog.FieldExternalID), h.shownAnywhere), "Accept", httpkit.TypeJSON, httpkit.TypeMergePatch)
	if err != nil {
		return err
	}
	p, created, err := h.Service.Put(r.Context(), auth.From(r.Context()), sent, condition)
	if err != nil {
		return fmt.Errorf("put product: %w", err)
	}
	if h.Waits.For(w, r, p.ID, 0) {
		if now, err := h.Service.Product(r.Context(), auth.From(r.Context()), p.ID); err == nil { // else it was put all the same
			p = now
		}
	}
	view, err := h.encode(p)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", path(p.ID))
	}
	setTag(w.Header(), httpkit.VersionTag(view.Version, view.Revision, h.Tag()))
	httpkit.Write(w, status, httpkit.TypeJSON, view.Body)
	return nil
}

// putCondition reads If-Match, whose * is for a product that is there, and If-None-Match: *, which
// is for one that is not there yet (RFC 9110, 13.1.1 and 13.1.2).
func putCondition(r *http.Request) (only catalog.Condition, err error) {
	only.New = httpkit.OnlyNew(r)
	_, only.Present = r.Header["If-Match"]
	read := httpkit.ChangePrecondition
	if only.New {
		read = httpkit.ReadPrecondition
	}
	only.Versions, err = read(r)
	return only, err
}

// Delete deletes a product.
func (h *Handler) Delete(w http.ResponseWriter, r *http.Request) error {
	id, versions, err := changeOf(r)
	if err != nil {
		return err
	}
	if err := h.Service.Delete(r.Context(), auth.From(r.Context()), id, versions); err != nil {
		return fmt.Errorf("delete product %d: %w", id, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
