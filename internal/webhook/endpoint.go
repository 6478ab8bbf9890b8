package webhook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// Limits on endpoints.
const (
	MaxPerUser     = 20 // endpoints of one user
	MaxURLBytes    = 2048
	MaxNameRunes   = 200
	MaxOverlap     = 30 * 24 * time.Hour // of two secrets
	DefaultOverlap = 24 * time.Hour
)

// The names of an endpoint's fields, as clients write them.
const (
	FieldUserID  = "user_id"
	FieldURL     = "url"
	FieldTypes   = "types"
	FieldName    = "name"
	FieldEnabled = "enabled"
	FieldSecret  = "secret"
	FieldOverlap = "overlap"
	FieldType    = "type"
	FieldAfter   = "after"
	FieldUntil   = "until"
)

// Types are those of the events that endpoints are sent.
func Types() []events.Type {
	return []events.Type{
		events.ProductCreated, events.ProductUpdated, events.ProductDeleted, events.ImageReady, events.ImageFailed, events.ImportCompleted,
	}
}

// Disabled is why an endpoint is sent nothing.
type Disabled string

// The reasons. An endpoint that is disabled keeps its position.
const (
	NotDisabled Disabled = ""
	ByRequest   Disabled = "request"
	ByGone      Disabled = "gone"    // it has answered with 410
	ByFailing   Disabled = "failing" // for Policy.DisableAfter nothing was delivered
)

// Endpoint is where a user wants events.
type Endpoint struct {
	ID        int64
	UserID    int64
	Name      string // "" for none
	URL       string
	Types     []events.Type // empty: all of Types
	Secret    Sealed
	OldSecret Sealed    // "" for none
	OldUntil  time.Time // when the old one is over
	CreatedAt time.Time
	UpdatedAt time.Time // the last change by a request

	Progress
	Health
}

// Progress is how far an endpoint has read the log: every event of its own up to Position is
// delivered or has a row, but for those that are outstanding.
type Progress struct {
	Position    int64
	Outstanding []int64
	// Again is a part of the log that is delivered once more, by request.
	Again Range
}

// Range is a part of the log: After < id <= Until. It is empty where Until is not beyond After.
type Range struct{ After, Until int64 }

// Empty reports whether there is nothing in it.
func (r Range) Empty() bool { return r.Until <= r.After }

// Wants reports whether the endpoint is sent events of the type.
func (e Endpoint) Wants(t events.Type) bool { return slices.Contains(e.wanted(), t) }

func (e Endpoint) wanted() []events.Type {
	if len(e.Types) == 0 {
		return Types()
	}
	return e.Types
}

// enabled returns fault.Conflict where the endpoint is sent nothing: what would be sent to it is refused.
func (e Endpoint) enabled() error {
	if e.Disabled != NotDisabled {
		return fault.New(fault.Conflict, "the webhook is disabled; enable it first")
	}
	return nil
}

// Draft is an endpoint as it is asked for, before any rule was checked.
type Draft struct {
	UserID      int64
	Name        string
	URL         string
	Types       []events.Type
	Secret      string // "": one is drawn
	FieldErrors fault.FieldErrors
}

// Patch is a change of an endpoint: nil leaves a field as it is.
type Patch struct {
	Name        *string
	URL         *string
	Types       *[]events.Type
	Enabled     *bool
	FieldErrors fault.FieldErrors
}

// apply returns the endpoint with the patch applied. An endpoint that is enabled again begins
// without its failures. fault.Invalid.
func (p Patch) apply(e Endpoint, now time.Time, reachable func(url string) string) (Endpoint, error) {
	bad := p.FieldErrors
	if p.Name != nil {
		e.Name = *p.Name
		checkName(&bad, e.Name)
	}
	if p.URL != nil {
		e.URL = *p.URL
		checkURL(&bad, e.URL, reachable)
	}
	if p.Types != nil {
		e.Types = *p.Types
		checkTypes(&bad, e.Types)
	}
	switch {
	case p.Enabled == nil || *p.Enabled == (e.Disabled == NotDisabled):
	case *p.Enabled:
		e.Health = Health{}
	default:
		e.Disabled, e.DisabledAt = ByRequest, now
	}
	e.UpdatedAt = now
	return e, bad.Err()
}

func checkName(bad *fault.FieldErrors, name string) {
	if name != "" {
		bad.Add(FieldName, text.NameFault(name, MaxNameRunes))
	}
}

func checkURL(bad *fault.FieldErrors, url string, reachable func(string) string) {
	switch {
	case url == "":
		bad.Add(FieldURL, "must not be empty")
	case len(url) > MaxURLBytes:
		bad.Add(FieldURL, fmt.Sprintf("must have at most %d bytes", MaxURLBytes))
	case text.StorageFault(url) != "":
		bad.Add(FieldURL, text.StorageFault(url))
	default:
		bad.Add(FieldURL, reachable(url))
	}
}

func checkTypes(bad *fault.FieldErrors, types []events.Type) {
	for i, t := range types {
		field := FieldTypes + "[" + strconv.Itoa(i) + "]"
		switch {
		case !slices.Contains(Types(), t):
			bad.Add(field, "must be one of "+typeNames())
		case slices.Contains(types[:i], t):
			bad.Add(field, "must not be given twice")
		}
	}
}

func typeNames() string {
	names := make([]string, len(Types()))
	for i, t := range Types() {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

// owned returns fault.NotFound where the endpoint is not the principal's.
func owned(by auth.Principal, e Endpoint) error {
	if !by.Owns(e.UserID) {
		return ErrNotFound
	}
	return nil
}

// ErrNotFound is the answer where there is no such endpoint, or it is another's.
var ErrNotFound = fault.New(fault.NotFound, "there is no such webhook")

// ErrTooMany is what a Store returns where a user has as many endpoints as there may be.
var ErrTooMany = fault.New(fault.Conflict, fmt.Sprintf("the user has %d webhooks, the most that one may have; delete one first", MaxPerUser))
