package failures

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// Kind says what an item of the list is.
type Kind string

// The kinds. Messages come before images of the same moment.
const (
	KindMessage Kind = "message" // that is no image job
	KindImage   Kind = "image"   // whose work failed
)

// Unreadable is the reason of every dead message. It is none of
// fault.Reasons, which are those of images.
const Unreadable fault.Reason = "unreadable"

// UnreadableDetail is the detail of every dead message.
const UnreadableDetail = "The body of the message is no image job."

// PreviewBytes is how much of a dead message's body a Item shows.
const PreviewBytes = 256

// ID names an item.
type ID struct {
	Kind Kind
	N    int64 // the id of the image or of the message
}

// String returns the form in which clients write it: image-42, message-7.
func (id ID) String() string { return string(id.Kind) + "-" + strconv.FormatInt(id.N, 10) }

// ParseID reads what String wrote; ok is false for any other text.
func ParseID(s string) (id ID, ok bool) {
	kind, digits, _ := strings.Cut(s, "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	id = ID{Kind: Kind(kind), N: n}
	known := id.Kind == KindImage || id.Kind == KindMessage
	return id, err == nil && known && n >= 1 && n <= catalog.MaxID && id.String() == s
}

// Item is one failed image or message: a dead letter, in the API.
type Item struct {
	ID       ID
	Reason   fault.Reason
	Detail   string
	FailedAt time.Time // when the image failed or the message was received

	// Of an image.
	ProductID int64
	UserID    int64
	SourceURL string
	Host      string // of SourceURL, lower case, with the port where it is not the scheme's own
	Attempts  int
	RequestID string // of the request that asked for the work last

	// Of a message.
	MessageID string // as the broker knew it
	Bytes     int64  // length of its body
	Preview   []byte // the beginning of the body, at most PreviewBytes
}

// Retryable reports whether a replay can succeed though nothing else was changed.
func (i Item) Retryable() bool { return i.Reason.Retryable() }

// Position is where an item is in the list.
type Position struct {
	At time.Time
	ID ID
}

// Position returns the item's position.
func (i Item) Position() Position { return Position{At: i.FailedAt, ID: i.ID} }

// Compare orders positions from the oldest to the newest.
func (p Position) Compare(q Position) int {
	return cmp.Or(p.At.Compare(q.At), cmp.Compare(p.ID.Kind.rank(), q.ID.Kind.rank()), cmp.Compare(p.ID.N, q.ID.N))
}

// Among returns the number that stands for p among the items of kind: those
// of the same moment with a smaller number come before p, the others after it,
// but for p itself.
func (p Position) Among(kind Kind) int64 {
	switch cmp.Compare(kind.rank(), p.ID.Kind.rank()) {
	case 0:
		return p.ID.N
	case -1: // all of that kind and moment come before
		return catalog.MaxID + 1
	default:
		return 0
	}
}

func (k Kind) rank() int {
	if k == KindImage {
		return 1
	}
	return 0
}
