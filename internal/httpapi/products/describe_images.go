package products

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// ImagePathParameters describes what ImagePath reads.
func ImagePathParameters() []*huma.Param {
	return []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 101), openapi.PathInteger("image_id", catalog.MaxID, 42)}
}

// ImageProblems are those of every change of an image.
func imageProblems(more ...int) []int {
	return append(more, http.StatusNotFound, http.StatusPreconditionFailed, http.StatusServiceUnavailable)
}

// DescribeListImages describes ListImages.
func DescribeListImages(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listImages", Tags: []string{"products"}, Summary: "List the images of a product",
		Description: "All of them, in their order, as the database has them now; there is no second page.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 101)},
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("The images", openapi.Schema[wire.Page[wire.Image]](d), ETag()),
		}, http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

// DescribeAddImage describes AddImage.
func DescribeAddImage(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "addImage", Tags: []string{"products"}, Summary: "Add an image to a product",
		Description: "An edit of the product. Answers at once; the image is processed afterwards. The picture is fetched from its URL, or sent itself, in a form.",
		Parameters: []*huma.Param{
			openapi.PathInteger("id", catalog.MaxID, 101), openapi.IfMatch("change only one of their versions"), PreferWait(),
			idempotencyParam("image for the same product adds it once and answers with it as it is afterwards, whatever If-Match says, or with 404 where it was removed since; with another image"),
		},
		RequestBody: newImageBody(d),
		Responses: d.Responses(map[string]*huma.Response{
			"201": openapi.Response("The image", openapi.Schema[wire.CurrentImage](d), openapi.Header("Location", "The path of the image", "/products/101/images/42"), ETag(), Applied(),
				openapi.Header(httpkit.HeaderIdempotentReplayed, "true where the Idempotency-Key added the image before", "true")),
		}, imageProblems(http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)...),
	}
}

// DescribeChangeImage describes ChangeImage.
func DescribeChangeImage(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "changeImage", Tags: []string{"products"}, Summary: "Change what an image shows in words, or its place",
		Description: "A merge patch (RFC 7396) and an edit of the product. An image that was read can be sent back: its other fields are accepted with their present values.",
		Parameters:  append(ImagePathParameters(), openapi.IfMatch("change only one of their versions")),
		RequestBody: openapi.Body(limitedImage[imagePatch](d), httpkit.TypeMergePatch, httpkit.TypeJSON),
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("The image as it is now", openapi.Schema[wire.CurrentImage](d), ETag()),
		}, imageProblems(http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)...),
	}
}

// DescribeRemoveImage describes RemoveImage.
func DescribeRemoveImage(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "removeImage", Tags: []string{"products"}, Summary: "Remove an image from its product",
		Description: "An edit of the product.",
		Parameters:  append(ImagePathParameters(), openapi.IfMatch("change only one of their versions")),
		Responses:   d.Responses(map[string]*huma.Response{"204": openapi.Response("Removed", nil)}, imageProblems()...),
	}
}

// DescribeRefreshImage describes RefreshImage.
func DescribeRefreshImage(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "refreshImage", Tags: []string{"products"}, Summary: "Fetch a ready image again",
		Description: "Its host is asked whether the source has changed (ETag, Last-Modified); where it has not, nothing changes. The image shows its picture until there is another one, and goes on showing it where the work fails. While an image is being fetched again, another request changes nothing.",
		Parameters:  append(ImagePathParameters(), PreferWait()),
		Responses: d.Responses(map[string]*huma.Response{"202": openapi.Response("The image as it is until then, or is then", openapi.Schema[wire.CurrentImage](d), ETag(), Applied())},
			http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable),
	}
}

// newImageBody is the body of AddImage: JSON, or a form with a picture.
func newImageBody(d *openapi.Document) *huma.RequestBody {
	body := openapi.Body(limitedImage[newImage](d), httpkit.TypeJSON)
	body.Description += "; or a form with the picture itself, at most IMAGE_MAX_BYTES long (25 MB unless the operator says otherwise)"
	body.Content[TypeForm] = &huma.MediaType{Schema: limitedImage[sentImage](d)}
	openapi.Property[sentImage](d, catalog.FieldFile).Format = "binary"
	return body
}

type sentImage struct {
	File     string `json:"file"               doc:"The picture" minLength:"1" example:"The bytes of image1.jpg"`
	Alt      string `json:"alt,omitempty"      doc:"What the image shows, in words" example:"The phone from the front"`
	Position int    `json:"position,omitempty" doc:"Among the images of the product; behind all others where it is absent" minimum:"0" example:"0"`
}

type newImage struct {
	SourceURL imageURL `json:"source_url"`
	Alt       string   `json:"alt,omitempty"      doc:"What the image shows, in words" nullable:"true" example:"The phone from the front"`
	Position  int      `json:"position,omitempty" doc:"Among the images of the product; behind all others where it is absent" minimum:"0" nullable:"true" example:"0"`
}

type imagePatch struct {
	Alt      string `json:"alt,omitempty"      doc:"What the image shows, in words; null removes it" nullable:"true" example:"The phone from the front"`
	Position int    `json:"position,omitempty" doc:"Among the images of the product, after the change" minimum:"0" example:"0"`
}

func limitedImage[T any](d *openapi.Document) *huma.Schema {
	longest, last := catalog.MaxAltRunes, float64(catalog.MaxImages-1)
	openapi.Property[T](d, catalog.FieldAlt).MaxLength = &longest
	openapi.Property[T](d, catalog.FieldPosition).Maximum = &last
	return openapi.Schema[T](d)
}
