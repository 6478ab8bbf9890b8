package feed

import (
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

// The names of the parameters, as clients write them.
const (
	FieldAfter     = "after"
	FieldTypes     = "types"
	FieldProductID = "product_id"
)

// Words for positions.
const (
	Oldest = "oldest" // before the oldest event that is kept
	Latest = "latest" // behind the latest one
)

// Limits on pages.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// ErrGone is the answer to a position from which the log cannot be read on without a gap.
var ErrGone = &fault.Error{
	Kind: fault.Conflict, Code: fault.CodeEventsGone,
	Message: "the events after this position are not kept any more, or the position is of a database that was restored since",
}

// Query is what a client asks for.
type Query struct {
	By      auth.Principal
	After   string // Oldest, Latest or the id of an event; "": Oldest for a page, Latest for a stream
	Types   string // separated by commas; "": all
	Product int64  // 0: of any
	Limit   int    // of a page; 0: DefaultLimit
	Wait    time.Duration
	// FieldErrors are the parameters that could not be read.
	FieldErrors fault.FieldErrors
}

// checked returns the selection and the position that the query asks for; of one that is
// given in words, the id is nil. fault.Invalid.
func (q Query) checked() (selected events.Selection, id *events.PublicID, err error) {
	bad := q.FieldErrors
	selected = events.Selection{Product: q.Product, Types: events.Types()}
	if q.Types != "" {
		selected.Types = nil
		for name := range strings.SplitSeq(q.Types, ",") {
			t := events.Type(strings.TrimSpace(name))
			if !t.IsPublic() {
				bad.AddAt(fault.Parameter(), FieldTypes, "must be types of events, separated by commas: "+typeNames())
			} else if !slices.Contains(selected.Types, t) {
				selected.Types = append(selected.Types, t)
			}
		}
	}
	if q.After != "" && q.After != Oldest && q.After != Latest {
		given, err := events.ParsePublicID(q.After)
		if err != nil {
			bad.AddAt(fault.Parameter(), FieldAfter, "must be "+Oldest+", "+Latest+" or the id of an event")
		}
		id = &given
	}
	if err := bad.Err(); err != nil {
		return selected, nil, err
	}
	selected.User, err = q.By.ForReading(0)
	return selected, id, err
}

func typeNames() string {
	var names []string
	for _, t := range events.Types() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}
