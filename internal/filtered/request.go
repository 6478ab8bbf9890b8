package filtered

import (
	"fmt"
	"slices"
	"strings"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// The names of a request's fields, as clients write them, and of those that every filter has.
const (
	FieldFilter = "filter"
	FieldAll    = "all"
	FieldDryRun = "dry_run"
	FieldRate   = "rate"
	FieldHost   = "host"
	FieldUserID = "user_id"
)

// MaxRate is the most items a second that can be asked for.
const MaxRate = 100_000

// Filter is the method set of a filter F. Its zero value selects everything, and its JSON is what
// a Job keeps.
type Filter[F any] interface {
	// Empty reports whether it selects everything.
	Empty() bool
	// OfUser is whose items it selects; 0 for those of all users.
	OfUser() int64
	// Check returns the filter as the store wants it, and every field that is wrong.
	Check() (F, fault.FieldErrors)
}

// Request asks for something to be done about all that Filter selects.
type Request[F Filter[F]] struct {
	Filter *F
	All    bool  // says that an empty filter is meant
	DryRun bool  // only count
	Rate   int64 // items a second; 0 for no limit
	// FieldErrors are the fields that could not be read, also of the filter.
	FieldErrors fault.FieldErrors
}

// Check returns the filter as the store wants it, and every field of the request that is wrong. each is
// what an empty filter selects: "every image".
func (r Request[F]) Check(each string) (f F, bad fault.FieldErrors) {
	bad = slices.Clone(r.FieldErrors)
	if r.Filter != nil {
		var inner fault.FieldErrors
		f, inner = (*r.Filter).Check()
		bad.AddAll(FieldFilter+".", inner)
	}
	switch {
	case r.Filter == nil && !r.All:
		bad.Add(FieldFilter, "must be given, or all: true for "+each)
	case f.Empty() && !r.All && len(bad) == 0:
		bad.Add(FieldFilter, "is empty and selects "+each+": say so with all: true")
	case !f.Empty() && r.All:
		bad.Add(FieldAll, "is for an empty filter only")
	}
	if r.Rate < 0 || r.Rate > MaxRate {
		bad.Add(FieldRate, fmt.Sprintf("must be an integer from 1 to %d", MaxRate))
	}
	return f, bad
}

// CheckHost returns the host as images have it, in lower case, and adds what is wrong with it; "" for none is not.
func CheckHost(bad *fault.FieldErrors, host string) string {
	if host != "" {
		bad.Add(FieldHost, text.HostFault(host))
	}
	return strings.ToLower(host)
}

// CheckID adds what is wrong with an id, which may be 0 for none.
func CheckID(bad *fault.FieldErrors, field string, id int64) {
	if id < 0 || id > auth.MaxID {
		bad.Add(field, fmt.Sprintf("must be an integer from 1 to %d", auth.MaxID))
	}
}
