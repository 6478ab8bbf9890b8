package httpapi

import (
	"bytes"
	"net/http"
	"strconv"

	"vitrine.dev/internal/requestid"
)

const (
	typeJSON    = "application/json"
	typeProblem = "application/problem+json"
)

// problem is the body of every answer from 400 on (RFC 9457).
type problem struct {
	Type     string       `json:"type"             doc:"What kind of problem; about:blank says that the status tells all"                  example:"about:blank"`
	Title    string       `json:"title"            doc:"The status in words"                                                               example:"Unprocessable Entity"`
	Status   int          `json:"status"           doc:"The HTTP status"                                                                   example:"422"                             minimum:"400" maximum:"599"`
	Detail   string       `json:"detail"           doc:"What went wrong with this request"                                                 example:"the request has invalid fields"`
	Instance string       `json:"instance"         doc:"The request id, as in X-Request-Id and in the server's log"                        example:"4XKQ2VJ5D3M7YB6TRZP0HNWCEA"`
	Errors   []fieldError `json:"errors,omitempty" doc:"Every field at fault; absent where the problem is not one of single fields" nullable:"false"`
}

// fieldError is one fault in a request.
type fieldError struct {
	Field  string `json:"field"  doc:"The field or parameter, e.g. product_images[2]" example:"product_price"`
	Reason string `json:"reason" doc:"Completes the sentence that begins with the field" example:"must not be negative"`
}

// writeProblem answers with the problem.
func writeProblem(w http.ResponseWriter, r *http.Request, p problem) {
	p.Type, p.Title, p.Instance = "about:blank", http.StatusText(p.Status), requestid.From(r.Context())
	body, err := encode(p)
	if err != nil { // strings and numbers cannot fail to encode
		body = nil
	}
	h := w.Header()
	for _, name := range []string{"ETag", "Last-Modified", "Location", "Link"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	write(w, p.Status, typeProblem, body)
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	write(w, status, typeJSON, body)
	return nil
}

// write answers with the body. That the client has gone while it was sent is
// no error of ours, so the outcome is not looked at.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // G705: JSON or YAML, named as such, and nosniff is set
}

// encode writes v as one line of JSON.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := newEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
