package httpkit

import "fmt"

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
