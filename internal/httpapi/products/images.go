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

// ListImages answers with all images of a product, as the database has them now.
func (h *Handler) ListImages(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	p, err := h.Service.Product(r.Context(), auth.From(r.Context()), id)
	if err != nil {
		return fmt.Errorf("list images of product %d: %w", id, err)
	}
	page := wire.Page[wire.Image]{Data: make([]wire.Image, len(p.Images))}
	for i, img := range p.Images {
		page.Data[i] = Image(img, h.URL)
	}
	setTag(w.Header(), httpkit.VersionTag(p.Version, p.Revision, h.Tag()))
	return httpkit.WriteJSON(w, http.StatusOK, page)
}

// AddImage adds an image to a product.
func (h *Handler) AddImage(w http.ResponseWriter, r *http.Request) error {
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return err
	}
	product, versions, err := changeOf(r)
	if err != nil {
		return err
	}
	added, err := h.newImage(r, product, versions, key)
	if err != nil {
		return fmt.Errorf("add image to product %d: %w", product, err)
	}
	p, img, replayed, err := h.addImage(r.Context(), auth.From(r.Context()), product, added, versions, key)
	if err != nil {
		return fmt.Errorf("add image to product %d: %w", product, err)
	}
	if replayed {
		w.Header().Set(httpkit.HeaderIdempotentReplayed, "true")
	}
	if h.Waits.For(w, r, product, img.ID) {
		if waited, now, err := h.Service.Image(r.Context(), auth.From(r.Context()), product, img.ID); err == nil { // else it was added all the same
			p, img = waited, now
		}
	}
	w.Header().Set("Location", path(product)+"/images/"+strconv.FormatInt(img.ID, 10))
	return h.writeImage(w, http.StatusCreated, p, img)
}

// addImage adds once for a key, and each time without one.
func (h *Handler) addImage(
	ctx context.Context, by auth.Principal, product int64, n catalog.NewImage, versions []int64, key string,
) (p catalog.Product, img catalog.Image, replayed bool, err error) {
	if key != "" {
		return h.Service.AddImageOnce(ctx, by, product, n, versions, key)
	}
	p, img, err = h.Service.AddImage(ctx, by, product, n, versions)
	return p, img, false, err
}

// ChangeImage applies a merge patch to an image.
func (h *Handler) ChangeImage(w http.ResponseWriter, r *http.Request) error {
	product, id, versions, err := imageChangeOf(r)
	if err != nil {
		return err
	}
	patch, err := httpkit.DecodeBody(r, decodeImagePatch(h.shownImage), "Accept-Patch", httpkit.TypeMergePatch, httpkit.TypeJSON)
	if err != nil {
		return err
	}
	p, img, err := h.Service.ChangeImage(r.Context(), auth.From(r.Context()), product, id, patch, versions)
	if err != nil {
		return fmt.Errorf("change image %d of product %d: %w", id, product, err)
	}
	return h.writeImage(w, http.StatusOK, p, img)
}

// RemoveImage removes an image from its product.
func (h *Handler) RemoveImage(w http.ResponseWriter, r *http.Request) error {
	product, id, versions, err := imageChangeOf(r)
	if err != nil {
		return err
	}
	if err := h.Service.RemoveImage(r.Context(), auth.From(r.Context()), product, id, versions); err != nil {
		return fmt.Errorf("remove image %d of product %d: %w", id, product, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// RefreshImage has an image fetched again.
func (h *Handler) RefreshImage(w http.ResponseWriter, r *http.Request) error {
	product, id, err := ImagePath(r)
	if err != nil {
		return err
	}
	if err := h.Service.RefreshImage(r.Context(), auth.From(r.Context()), product, id); err != nil {
		return fmt.Errorf("refresh image %d of product %d: %w", id, product, err)
	}
	h.Waits.For(w, r, product, id)
	p, img, err := h.Service.Image(r.Context(), auth.From(r.Context()), product, id)
	if err != nil {
		return fmt.Errorf("refresh image %d of product %d: %w", id, product, err)
	}
	return h.writeImage(w, http.StatusAccepted, p, img)
}

// writeImage answers with an image of the product, whose entity tag protects the next change.
func (h *Handler) writeImage(w http.ResponseWriter, status int, p catalog.Product, img catalog.Image) error {
	setTag(w.Header(), httpkit.VersionTag(p.Version, p.Revision, h.Tag()))
	return httpkit.WriteJSON(w, status, CurrentImage(img, h.URL))
}
