package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
)

func describeCreate(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "createProduct", Tags: []string{"products"}, Summary: "Create a product",
		Description: "Answers at once; the images are worked on afterwards.",
		Parameters:  []*huma.Param{idempotencyParam()},
		RequestBody: body(typeJSON, schema[newProduct](d)),
		Responses: d.answers(map[string]*huma.Response{
			"201": answer("Created", schema[created](d), location(), etagHeader(), replayed()),
		}, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusServiceUnavailable),
	}
}

func describeGet(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "getProduct", Tags: []string{"products"}, Summary: "Read a product",
		Parameters: []*huma.Param{idParam(), ifNoneMatch(), ifMatch("read only at one of these versions")},
		Responses: d.answers(map[string]*huma.Response{
			"200": answer("The product", schema[product](d), etagHeader()),
			"304": answer("Unchanged since the version in If-None-Match", nil, etagHeader()),
		}, http.StatusNotFound, http.StatusPreconditionFailed,
			http.StatusServiceUnavailable),
	}
}

func describeChange(d *description) *huma.Operation {
	patch := schema[productPatch](d)
	content := body(typeMergePatch, patch)
	content.Content[typeJSON] = &huma.MediaType{Schema: patch}
	return &huma.Operation{
		OperationID: "changeProduct", Tags: []string{"products"}, Summary: "Change a product",
		Description: "A merge patch (RFC 7396): what is absent stays, null empties the description or the images.",
		Parameters:  []*huma.Param{idParam(), ifMatch("change only one of these versions")},
		RequestBody: content,
		Responses: d.answers(map[string]*huma.Response{
			"200": answer("The product as it is now", schema[product](d), etagHeader()),
		}, http.StatusNotFound, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

func describeDelete(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "deleteProduct", Tags: []string{"products"}, Summary: "Delete a product",
		Parameters: []*huma.Param{idParam(), ifMatch("delete only one of these versions")},
		Responses: d.answers(map[string]*huma.Response{"204": answer("Deleted", nil)},
			http.StatusNotFound, http.StatusPreconditionFailed,
			http.StatusServiceUnavailable),
	}
}

func describeList(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "listProducts", Tags: []string{"products"}, Summary: "List products, newest first",
		Responses: d.answers(map[string]*huma.Response{
			"200": answer("One page", &huma.Schema{Type: huma.TypeArray, Items: schema[summary](d)}, linkHeader()),
		}, http.StatusServiceUnavailable),
	}
}

func listQuery() []*huma.Param {
	price := priceAnswer{}.Schema(nil)
	user := query(catalog.FieldUserID, "Only products of this user", idSchema())
	user.Required = true
	return []*huma.Param{
		user,
		query(paramPriceMin, "Lowest price, inclusive", price),
		query(paramPriceMax, "Highest price, inclusive", price),
		query(catalog.FieldName, "Part of the name, in upper or lower case", textSchema()),
		limitParam("Most products on one page; long descriptions make it end earlier, so follow the Link", catalog.DefaultListLimit, catalog.MaxListLimit),
		cursorParam(),
	}
}

func describeImage(d *description) *huma.Operation {
	key := &huma.Param{Name: "key", In: "path", Required: true, Schema: textSchema(), Description: "With its slashes as they are"}
	return &huma.Operation{
		OperationID: "getImage", Tags: []string{"images"}, Summary: "Read a published image",
		Description: "Content under a key never changes. Ranges and preconditions are answered where the storage allows it.",
		Parameters:  []*huma.Param{key},
		Responses: d.answers(map[string]*huma.Response{
			"200": {Description: "The image", Content: map[string]*huma.MediaType{"image/*": {}}},
			"206": {Description: "A part of it", Content: map[string]*huma.MediaType{"image/*": {}}},
			"304": answer("The client has it already", nil),
		}, http.StatusNotFound, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable,
			http.StatusServiceUnavailable),
	}
}

func describeHealth(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "getHealth", Tags: []string{"operation"}, Summary: "Whether the process is alive",
		Responses: map[string]*huma.Response{"200": answer("It is", schema[health](d))},
	}
}

func describeReadiness(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "getReadiness", Tags: []string{"operation"}, Summary: "Whether the process can do its work, part by part",
		Responses: map[string]*huma.Response{
			"200": answer("It can", schema[readiness](d)),
			"503": answer("A part that the process needs cannot be had, or the process is about to end", schema[readiness](d)),
		},
	}
}
