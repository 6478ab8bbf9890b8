package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
)

func (a *api) createProduct(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(r, "Accept-Post", typeJSON)
	if err != nil {
		return err
	}
	draft, err := decodeDraft(body)
	if err != nil {
		return err
	}
	p, err := a.Service.Create(r.Context(), draft)
	if err != nil {
		return fmt.Errorf("create product: %w", err)
	}
	w.Header().Set("Location", "/products/"+strconv.FormatInt(p.ID, 10))
	w.Header().Set("ETag", etag(p.Version))
	return writeJSON(w, http.StatusCreated, created{Message: "Product created successfully", ProductID: p.ID})
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
	body, err := readBody(r, "Accept-Patch", typeMergePatch, typeJSON)
	if err != nil {
		return err
	}
	patch, err := decodePatch(body)
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
	writeEntry(w, entry)
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
