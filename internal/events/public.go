package events

import (
	"strconv"
	"strings"

	"vitrine.dev/internal/fault"
)

// publicPrefix is what the ids of events begin with where clients see them.
const publicPrefix = "evt_"

// PublicID is the id of an event as clients see it, and the cursor behind which they go
// on: evt_<epoch>_<id>. A position in the log of one epoch says nothing in another one.
type PublicID struct {
	Epoch    string // of the installation: lower-case hex digits
	Position int64  // the id of the event; 0: before the first one
}

// String returns the text that ParsePublicID reads.
func (id PublicID) String() string {
	return publicPrefix + id.Epoch + "_" + strconv.FormatInt(id.Position, 10)
}

// ParsePublicID reads what String has written. Another text is an error of kind
// fault.Invalid; whether the epoch is the present one is the caller's to compare.
func ParsePublicID(text string) (PublicID, error) {
	epoch, number, ok := strings.Cut(strings.TrimPrefix(text, publicPrefix), "_")
	position, err := strconv.ParseInt(number, 10, 64)
	id := PublicID{Epoch: epoch, Position: position}
	if !ok || err != nil || position < 0 || epoch == "" || id.String() != text {
		return PublicID{}, fault.New(fault.Invalid, "is not the id of an event")
	}
	return id, nil
}
