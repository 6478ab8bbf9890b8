package uploads

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// SendQuery are the parameters of Send.
func SendQuery() []*huma.Param {
	return []*huma.Param{{Name: paramToken, In: "query", Required: true, Schema: openapi.Text("AWc3kQ7xJ2mVtYb0LsRfPzHdNq4aXeUiGoCw"), Description: "As it is in the URL that was given"}}
}

func pathID() *huma.Param {
	return &huma.Param{Name: "id", In: "path", Required: true, Schema: openapi.Text("kq2vj5d3m7yb6trzphnwceax4u"), Description: "Of the upload"}
}

type newUpload struct {
	Purpose string `json:"purpose,omitempty" doc:"import: a file of products, which may have 1 GiB, for POST /imports" enum:"image,import" default:"image" typical:"false"`
	UserID  int64  `json:"user_id,omitempty" doc:"Whose upload it is; the user of the key where it is absent"                   minimum:"1" maximum:"9007199254740991" example:"1" typical:"false"`
	Bytes   int64  `json:"bytes"             doc:"How long it is: a picture at most IMAGE_MAX_BYTES (25 MB unless the operator says otherwise), a file of products 1 GiB" minimum:"1" example:"2483120"`
	SHA256  string `json:"sha256"            doc:"Of what is sent, in hex digits"                                                  pattern:"^[0-9a-fA-F]{64}$" example:"4a90f371d000ea46901dfb2633ddd3fb066fb4621134f1486c192f432361efdb"`
}

// DescribeCreate describes Create.
func DescribeCreate(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "createUpload", Tags: []string{"uploads"}, Summary: "Begin to upload a picture, or a file of products, in two steps",
		Description: "For what should not pass through the API where the storage can take them itself. Send it to the URL that is answered, with the method and headers that are answered, as often as it takes, and complete the upload. The URL may be relative: resolve it against that of the API.",
		RequestBody: openapi.Body(openapi.Schema[newUpload](d), httpkit.TypeJSON),
		Responses: d.Responses(map[string]*huma.Response{
			"201": openapi.Response("Where to send the picture", openapi.Schema[wire.CreatedUpload](d), openapi.Header("Location", "The path of the upload", "/uploads/kq2vj5d3m7yb6trzphnwceax4u")),
		}, http.StatusConflict, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getUpload", Tags: []string{"uploads"}, Summary: "Read an upload",
		Parameters:  []*huma.Param{pathID()},
		Description: "Until it expires, a day after it was created.",
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The upload", openapi.Schema[wire.Upload](d))},
			http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

// DescribeComplete describes Complete.
func DescribeComplete(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "completeUpload", Tags: []string{"uploads"}, Summary: "Complete an upload whose picture was sent",
		Description: "Looks whether the picture is the one that was announced. From then on images of the user may have its source_url, and it is kept for as long as any has, or the upload has not expired. Completing it again changes nothing.",
		Parameters:  []*huma.Param{pathID()},
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The upload", openapi.Schema[wire.Upload](d))},
			http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable),
	}
}

// DescribeSend describes Send.
func DescribeSend(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "sendUpload", Tags: []string{"uploads"}, Summary: "Send the picture of an upload",
		Description: "Only to a URL that was answered to createUpload, for an hour: its token is what may do it. It arrives at 64 kB a second at least, and within two hours. Where the storage takes pictures itself, URLs lead there.",
		Parameters:  []*huma.Param{pathID()},
		RequestBody: &huma.RequestBody{
			Required: true, Description: "The picture, as it was announced",
			Content: map[string]*huma.MediaType{typePicture: {Schema: openapi.Binary()}},
		},
		Responses: d.Responses(map[string]*huma.Response{"204": openapi.Response("It is here; now complete the upload", nil)},
			http.StatusNotFound, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge,
			http.StatusUnprocessableEntity, http.StatusServiceUnavailable),
	}
}
