// Package fault names what can go wrong, once, for every layer: the kinds of
// error a caller can act on, and the closed list of reasons for which the work
// on an image fails. It imports nothing of the project.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Kind sorts errors by what the caller can do about them.
type Kind uint8

// The kinds. The zero Kind is Internal, so an unclassified error is never
// shown to a client as its own mistake.
const (
	Internal    Kind = iota // a defect of ours
	Invalid                 // the request breaks a rule; Fields says which
	NotFound                // no such thing
	Stale                   // a precondition (version) no longer holds
	Conflict                // the thing is not in a state that allows this
	Unavailable             // a part we need is down; trying again may help
	Forbidden               // whoever asks may not do this
)

// String names the kind as it appears in logs.
func (k Kind) String() string {
	names := [...]string{
		Internal: "internal", Invalid: "invalid", NotFound: "not_found", Stale: "stale", Conflict: "conflict",
		Unavailable: "unavailable", Forbidden: "forbidden",
	}
	if int(k) >= len(names) {
		return names[Internal]
	}
	return names[k]
}

// Error is an error of a known kind.
type Error struct {
	Kind    Kind
	Code    string      // names what a program must tell apart from others of the kind, else ""
	Message string      // safe to show to a client
	Fields  FieldErrors // only with Invalid and Conflict
	Err     error       // the cause; logged, never shown to a client
}

// The codes of errors.
const (
	CodeKeyReused  = "idempotency-key-reused" // Invalid: the key was used for another request
	CodeEventsGone = "events-gone"            // Conflict: the events after a position are not kept
)

// New returns an error of the kind with a message that a client may read.
func New(kind Kind, message string) *Error { return &Error{Kind: kind, Message: message} }

// Wrap is New with a cause that only the logs see.
func Wrap(kind Kind, message string, cause error) *Error {
	return &Error{Kind: kind, Message: message, Err: cause}
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, f := range e.Fields {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s %s", sep, f.Name, f.Reason)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost Error in err's chain, Internal
// where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// InTime returns err, and says first where the time of ctx is over: a driver may call that a bad
// connection. The kind of err stays.
func InTime(ctx context.Context, err error) error {
	if over := context.DeadlineExceeded; err != nil && errors.Is(ctx.Err(), over) && !errors.Is(err, over) {
		return fmt.Errorf("%w: %w", over, err)
	}
	return err
}
