package httpkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

// Problem is the body of every answer from 400 on (RFC 9457).
type Problem struct {
	Type     string       `json:"type"             doc:"Identifies the kind of problem, and leads to a page that explains it; about:blank says that the status tells all" example:"/problems/validation-failed" format:"uri-reference"`
	Code     string       `json:"code"             doc:"The name of the kind; kinds may be added"                                             example:"validation-failed"`
	Title    string       `json:"title"            doc:"The kind in words; with about:blank, the phrase of the status"                        example:"Fields are invalid"`
	Status   int          `json:"status"           doc:"The HTTP status"                                                                      example:"422"                             minimum:"400" maximum:"599"`
	Detail   string       `json:"detail"           doc:"What went wrong with this request"                                                    example:"the request has invalid fields"`
	Instance string       `json:"instance"         doc:"The request id, as in X-Request-Id and in the server's log"                           example:"4XKQ2VJ5D3M7YB6TRZP0HNWCEA"`
	Errors   []FieldError `json:"errors,omitempty" doc:"Every field that is invalid, or whose value is taken; absent where the problem is not one of single fields" nullable:"false"`
	Violated []string     `json:"violated-policies,omitempty" doc:"With quota-exceeded: the names of the limits, as in RateLimit-Policy, that were exceeded" nullable:"false" example:"key" typical:"false"`
}

// FieldError is one invalid field, with its Pointer or its Parameter.
type FieldError struct {
	Field     string  `json:"field"               doc:"The field or parameter, e.g. product_images[2]" example:"product_images[2]"`
	Reason    string  `json:"reason"              doc:"Completes the sentence that begins with the field" example:"must be an http or https URL"`
	Pointer   *string `json:"pointer,omitempty"   doc:"Of a field of the body: where it is or should be, as a JSON Pointer (RFC 6901); empty for the whole body. Of a name too long to be repeated, the object that holds it" example:"/product_images/2" format:"json-pointer" nullable:"false"`
	Parameter *string `json:"parameter,omitempty" doc:"Of a parameter of the query, the path or the header: its name" example:"limit" nullable:"false" typical:"false"`
}

// ProblemOf returns what a client sees of the error, and the header that goes
// with it. parameters are those that the route takes: an invalid field of such
// a name is one. Causes and unclassified errors are for the log only.
func ProblemOf(err error, parameters ...string) (p Problem, header [2]string) {
	if r, ok := errors.AsType[*StatusError](err); ok {
		p = problem(kindOfStatus(r.status, r.code), r.detail)
		p.Violated = r.violated
		return p, r.header
	}
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case ok && f.Kind != fault.Internal:
		p = problem(kindOfFault(f), f.Message)
		for _, field := range f.Fields {
			p.Errors = append(p.Errors, fieldError(field, slices.Contains(parameters, field.Name)))
		}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p = problem(kindOfStatus(http.StatusServiceUnavailable, ""), "the answer took too long; try again")
	default:
		p = problem(kindOfStatus(http.StatusInternalServerError, ""), "something went wrong on our side")
	}
	if p.Status == http.StatusServiceUnavailable {
		header = [2]string{"Retry-After", RetryAfter}
	}
	return p, header
}

func problem(k ProblemKind, detail string) Problem {
	return Problem{Type: k.Type(), Code: k.Name, Title: k.Title, Status: k.Status, Detail: detail}
}

func fieldError(f fault.Field, parameter bool) FieldError {
	e := FieldError{Field: f.Name, Reason: f.Reason}
	if parameter || f.IsParameter() {
		e.Parameter = &f.Name
	} else {
		e.Pointer = new(f.Pointer())
	}
	return e
}

// WriteProblem answers with the problem.
func WriteProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	p.Instance = requestid.From(r.Context())
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
	code   string // of the kind; "" for the first of the status
	detail string // safe to show to a client
	header [2]string
	err    error // the cause, logged only

	violated []string // policies
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

// OfKind names the kind by its code, where the status has several.
func (e *StatusError) OfKind(code string) *StatusError {
	e.code = code
	return e
}

// Exceeded is the answer to a request beyond the quota of the policy, which it may be
// within again after so long.
func Exceeded(policy string, wait time.Duration, detail string) *StatusError {
	e := Refuse(http.StatusTooManyRequests, "%s", detail).With("Retry-After", strconv.FormatInt(Seconds(wait), 10))
	e.violated = []string{policy}
	return e
}

// Seconds rounds up, as headers that give seconds to wait need it.
func Seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// With adds a header to the answer.
func (e *StatusError) With(name, value string) *StatusError {
	e.header = [2]string{name, value}
	return e
}

// The headers of limits (draft-ietf-httpapi-ratelimit-headers-11).
const (
	HeaderRateLimit       = "RateLimit"
	HeaderRateLimitPolicy = "RateLimit-Policy"
)

// Media types.
const (
	TypeJSON       = "application/json"
	TypeMergePatch = "application/merge-patch+json"
	TypeProblem    = "application/problem+json"
)

// WriteFresh answers with v as it is now, which no one may keep.
func WriteFresh(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Cache-Control", "no-store")
	return WriteJSON(w, status, v)
}

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
	h, values := w.Header(), [...]string{contentType, strconv.Itoa(len(body))}
	h["Content-Type"], h["Content-Length"] = values[:1:1], values[1:]
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
