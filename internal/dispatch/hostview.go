package dispatch

import (
	"fmt"
	"strings"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// The limits of a list of hosts, and the names of its filter's fields.
const (
	DefaultHosts = 100
	MaxHosts     = 500
	// ParkedMost is up to how many parked images of a host are counted.
	ParkedMost = 1000
	// FailingMost is how many failing hosts are compared by their parked images, of which
	// ComparedMost are counted for that.
	FailingMost  = 1000
	ComparedMost = 100

	FieldHost  = "host"
	FieldState = "state"
)

// Condition is how a host is to fetch from. The list is closed.
type Condition string

// The conditions of a host.
const (
	HostUnknown Condition = "unknown" // it has not answered yet
	HostAnswers Condition = "answers" // no URL has failed since its last answer
	HostFailing Condition = "failing" // some have, too few for its breaker
	HostProbed  Condition = "probed"  // its breaker lets one image through at a time until it answers
	HostOpen    Condition = "open"    // its breaker is open
)

// HostFilter selects hosts. The zero value selects all that are remembered.
type HostFilter struct {
	Host  string    // only this
	State Condition // HostFailing for all whose last URLs have failed, HostOpen for those of them whose breaker has opened and not closed
	After string    // only names behind this one
	// FieldErrors are the fields that could not be read; an Inspector adds those
	// that break a rule.
	FieldErrors fault.FieldErrors
}

// HostQuery is a HostFilter as a store wants it.
type HostQuery struct {
	Host     string // "" for any
	Failures int    // at least so many
	After    string
	Limit    int
}

// HostView is a host with its images.
type HostView struct {
	Host

	Name     string
	Now      int64
	InFlight int // images that are out and not downloaded
	Parked   int // images that are parked for it; at ParkedMost there may be more
	State    Condition
	Limit    int // how many images may be out now
}

// query checks the filter.
func (f HostFilter) query(limit int) (HostQuery, error) {
	bad := f.FieldErrors
	if f.Host != "" {
		bad.Add(FieldHost, text.HostFault(f.Host))
	}
	failures, known := map[Condition]int{"": 0, HostFailing: 1, HostOpen: threshold}[f.State]
	if !known {
		bad.Add(FieldState, fmt.Sprintf("must be %s or %s", HostFailing, HostOpen))
	}
	if limit < 0 || limit > MaxHosts {
		bad.Add("limit", fmt.Sprintf("must be an integer from 1 to %d", MaxHosts))
	}
	if limit == 0 {
		limit = DefaultHosts
	}
	return HostQuery{Host: strings.ToLower(f.Host), Failures: failures, After: f.After, Limit: limit}, bad.Err()
}

// state is the host's condition.
func (h Host) state(now int64) Condition {
	switch {
	case h.OpenUntil > now:
		return HostOpen
	case h.suspected():
		return HostProbed
	case h.Failures > 0:
		return HostFailing
	case h.AnsweredAt == 0:
		return HostUnknown
	default:
		return HostAnswers
	}
}
