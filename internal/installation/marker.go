package installation

import (
	"context"
	"errors"
	"fmt"

	"vitrine.dev/internal/fault"
)

// Marker is what names the installation inside of an external part. Methods are
// safe for concurrent use, also by several processes, and return errors of kind
// fault.Unavailable where the part cannot be reached.
type Marker interface {
	// Claim returns whom the marker names. Where there is none it is made
	// first, for id, in one step that only one caller succeeds in; but not where
	// something lies in the part that is lost with its owner: then it returns "".
	Claim(ctx context.Context, id string) (owner string, err error)
	// Replace makes the marker name id, whatever it named.
	Replace(ctx context.Context, id string) error
}

// Check returns nil where the part is the installation's: by its marker, which it
// makes where there is none and nothing of ours lies there. Otherwise the error
// is of kind fault.Unavailable, with a RefusedError where the part is another's.
func Check(ctx context.Context, part Part, m Marker, id string) error {
	owner, err := m.Claim(ctx, id)
	switch {
	case err != nil:
		return err
	case owner == id:
		return nil
	case owner == "":
		return refuse(part, "the "+string(part)+" has no marker of any installation, though something was published: "+
			"it is another one than before, or has lost all. If it is to be used, run `vitrine adopt storage`, and `vitrine fsck --repair` after it")
	}
	return refuse(part, fmt.Sprintf("the %[1]s belongs to another installation (%[2]s; this is %[3]s): give each database a %[1]s of its own. "+
		"If that installation is no more, run `vitrine adopt %[1]s`", part, owner, id))
}

func refuse(part Part, why string) error {
	return fault.Wrap(fault.Unavailable, "the "+string(part)+" is not available", &RefusedError{part, why})
}

// Refused reports whether an operator has to decide.
func Refused(err error) bool {
	_, refused := errors.AsType[*RefusedError](err)
	return refused
}
