package images

import (
	"fmt"
	"net/http"
	"path"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// Source answers with the picture that was sent for an image, as it came. A browser saves it and
// shows nothing of it, whatever it claims to be.
func (h *Handler) Source(w http.ResponseWriter, r *http.Request) error {
	product, err := httpkit.PathInteger(r, "id", catalog.MaxID)
	if err != nil {
		return err
	}
	id, err := httpkit.PathInteger(r, "image_id", catalog.MaxID)
	if err != nil {
		return err
	}
	_, img, err := h.Service.Image(r.Context(), auth.From(r.Context()), product, id)
	if err != nil {
		return fmt.Errorf("read source of image %d of product %d: %w", id, product, err)
	}
	if err := allowTime(w); err != nil {
		return fmt.Errorf("read source of image %d: %w", id, err)
	}
	object, err := h.Uploads.Open(r.Context(), img)
	if err != nil {
		return fmt.Errorf("read source of image %d: %w", id, err)
	}
	defer object.Body.Close()
	sum := path.Base(object.Key)
	header, tag := w.Header(), `"`+sum+`"`
	header.Set("Content-Type", blob.SourceType)
	header.Set("Content-Disposition", `attachment; filename="`+sum+`"`)
	header.Set("Cache-Control", "private, no-cache")
	header.Set("ETag", tag)
	return send(w, r, object, tag)
}

// DescribeSource describes Source.
func DescribeSource(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getImageSource", Tags: []string{"products"}, Summary: "Read the picture that was sent for an image",
		Description: "As it came. Of an image that has a URL, the picture is there. Ranges and preconditions are answered where the storage allows it.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 101), openapi.PathInteger("image_id", catalog.MaxID, 42)},
		Responses: d.Responses(map[string]*huma.Response{
			"200": {Description: "The picture", Content: map[string]*huma.MediaType{blob.SourceType: {Schema: openapi.Binary()}}},
			"206": {Description: "A part of it", Content: map[string]*huma.MediaType{blob.SourceType: {Schema: openapi.Binary()}}},
			"304": openapi.Response("The client has it already", nil),
		}, http.StatusNotFound, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable, http.StatusServiceUnavailable),
	}
}
