package cli

import "vitrine.dev/internal/fault"

// Exit codes, after sysexits(3) where it has one.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 64
	exitUnavailable = 69
	exitSoftware    = 70
)

// exitError is an error with an exit code of its own.
type exitError struct {
	error
	code int
}

func (e *exitError) Unwrap() error { return e.error }

// Usage returns the error with the exit code of wrong arguments, 64.
func Usage(err error) error { return &exitError{err, exitUsage} }

// Unavailable returns the error with the exit code for something that the
// command needs and that cannot be reached, 69.
func Unavailable(err error) error { return &exitError{err, exitUnavailable} }

// byKind returns the error with the exit code for its kind.
func byKind(err error) error {
	switch fault.KindOf(err) {
	case fault.Invalid:
		return Usage(err)
	case fault.Unavailable:
		return Unavailable(err)
	default:
		return err
	}
}
