package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"vitrine.dev/internal/fault"
)

// retryAfter is how many seconds a client is asked to wait where a part of
// the service is down.
const retryAfter = "5"

// refusal is a request that HTTP or JSON, not a rule, stands against.
type refusal struct {
	status int
	detail string // safe to show to a client
	header [2]string
	err    error // the cause, logged only
}

func (e *refusal) Error() string {
	if e.err != nil {
		return e.detail + ": " + e.err.Error()
	}
	return e.detail
}

func (e *refusal) Unwrap() error { return e.err }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, detail: fmt.Sprintf(format, args...)}
}

// with adds a header that goes out with the refusal.
func (e *refusal) with(name, value string) *refusal {
	e.header = [2]string{name, value}
	return e
}

// statusOf is the map from kinds of faults to statuses.
func statusOf(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Stale:
		return http.StatusPreconditionFailed
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// problemOf says what a client is told of the error, and the header that goes
// with it. Causes and errors that nobody classified stay inside.
func problemOf(err error) (p problem, header [2]string) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return problem{Status: r.status, Detail: r.detail}, r.header
	}
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case ok && f.Kind != fault.Internal:
		p = problem{Status: statusOf(f.Kind), Detail: f.Message}
		for _, field := range f.Fields {
			p.Errors = append(p.Errors, fieldError{Field: field.Name, Reason: field.Reason})
		}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p = problem{Status: http.StatusServiceUnavailable, Detail: "the answer took too long; try again"}
	default:
		p = problem{Status: http.StatusInternalServerError, Detail: "something went wrong on our side"}
	}
	if p.Status == http.StatusServiceUnavailable {
		header = [2]string{"Retry-After", retryAfter}
	}
	return p, header
}

// bodyRefusal says why a body could not be read.
func bodyRefusal(err error) *refusal {
	var r *refusal
	switch {
	case isTooLarge(err):
		r = refuse(http.StatusRequestEntityTooLarge, "the body must have at most %d bytes", maxBodyBytes)
	case errors.Is(err, os.ErrDeadlineExceeded):
		r = refuse(http.StatusRequestTimeout, "the body took too long to arrive")
	case errors.Is(err, errBusy):
		r = refuse(http.StatusServiceUnavailable, "%s", errBusy.Message).with("Retry-After", retryAfter)
	default:
		r = refuse(http.StatusBadRequest, "the body could not be read to its end")
	}
	r.err = err
	return r
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}
