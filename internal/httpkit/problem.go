package httpkit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

// Problem is the body of every answer from 400 on (RFC 9457).
type Problem struct {
	Type     string       `json:"type"             doc:"What kind of problem; about:blank says that the status tells all"                  example:"about:blank"`
	Title    string       `json:"title"            doc:"The status in words"                                                               example:"Unprocessable Entity"`
	Status   int          `json:"status"           doc:"The HTTP status"                                                                   example:"422"                             minimum:"400" maximum:"599"`
	Detail   string       `json:"detail"           doc:"What went wrong with this request"                                                 example:"the request has invalid fields"`
	Instance string       `json:"instance"         doc:"The request id, as in X-Request-Id and in the server's log"                        example:"4XKQ2VJ5D3M7YB6TRZP0HNWCEA"`
	Errors   []FieldError `json:"errors,omitempty" doc:"Every invalid field; absent where the problem is not one of single fields" nullable:"false"`
}

// FieldError is one invalid field.
type FieldError struct {
	Field  string `json:"field"  doc:"The field or parameter, e.g. product_images[2]" example:"product_price"`
	Reason string `json:"reason" doc:"Completes the sentence that begins with the field" example:"must not be negative"`
}

// statusOf is the one map from kinds of errors to statuses.
func statusOf(kind fault.Kind) int {
	status := map[fault.Kind]int{
		fault.Invalid:     http.StatusUnprocessableEntity,
		fault.NotFound:    http.StatusNotFound,
		fault.Stale:       http.StatusPreconditionFailed,
		fault.Conflict:    http.StatusConflict,
		fault.Unavailable: http.StatusServiceUnavailable,
		fault.Forbidden:   http.StatusForbidden,
	}[kind]
	return cmp.Or(status, http.StatusInternalServerError)
}

// ProblemOf returns what a client sees of the error, and the header that goes
// with it. Causes and unclassified errors are for the log only.
func ProblemOf(err error) (p Problem, header [2]string) {
	if r, ok := errors.AsType[*StatusError](err); ok {
		return Problem{Status: r.status, Detail: r.detail}, r.header
	}
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case ok && f.Kind != fault.Internal:
		p = Problem{Status: statusOf(f.Kind), Detail: f.Message}
		for _, field := range f.Fields {
			p.Errors = append(p.Errors, FieldError{Field: field.Name, Reason: field.Reason})
		}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p = Problem{Status: http.StatusServiceUnavailable, Detail: "the answer took too long; try again"}
	default:
		p = Problem{Status: http.StatusInternalServerError, Detail: "something went wrong on our side"}
	}
	if p.Status == http.StatusServiceUnavailable {
		header = [2]string{"Retry-After", RetryAfter}
	}
	return p, header
}

// WriteProblem answers with the problem.
func WriteProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	p.Type, p.Title, p.Instance = "about:blank", http.StatusText(p.Status), requestid.From(r.Context())
	body, err := Encode(p)
	if err != nil { // strings and numbers cannot fail to encode
		body = nil
	}
	h := w.Header()
	for _, name := range []string{"ETag", "Last-Modified", "Location", "Link"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	Write(w, p.Status, TypeProblem, body)
}

// RetryAfter is how many seconds a client is asked to wait with a 503.
const RetryAfter = "5"

// StatusError is the error of a request that breaks a rule of HTTP or of JSON, not
// one of the domain.
type StatusError struct {
	status int
	detail string // safe to show to a client
	header [2]string
	err    error // the cause, logged only
}

// Refuse returns a StatusError with a text that a client may read.
func Refuse(status int, format string, args ...any) *StatusError {
	return &StatusError{status: status, detail: fmt.Sprintf(format, args...)}
}

func (e *StatusError) Error() string {
	if e.err != nil {
		return e.detail + ": " + e.err.Error()
	}
	return e.detail
}

func (e *StatusError) Unwrap() error { return e.err }

// With adds a header to the answer.
func (e *StatusError) With(name, value string) *StatusError {
	e.header = [2]string{name, value}
	return e
}

// Media types.
const (
	TypeJSON       = "application/json"
	TypeMergePatch = "application/merge-patch+json"
	TypeProblem    = "application/problem+json"
)

// WriteJSON answers with v.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := Encode(v)
	if err != nil {
		return err
	}
	Write(w, status, TypeJSON, body)
	return nil
}

// Write answers with the body. Errors are ignored: the client has disconnected.
func Write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Encode writes v as one line of JSON.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// NewEncoder writes values as lines of JSON, with &, < and > as they are.
func NewEncoder(to *bytes.Buffer) *json.Encoder {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	return e
}
