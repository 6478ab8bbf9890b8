package dispatch

import (
	"time"

	"vitrine.dev/internal/media"
)

// LineWindow is how much of each line a step looks at.
const LineWindow = 128

// What is due is looked at from both ends, so that a backlog of it does not hide what
// has just come: at most DueAtOnce of what became due within NewestFor, the last first, and
// as many of the rest, the first first.
const (
	DueAtOnce = 200
	NewestFor = 3 * time.Second
)

// WalkedAtOnce is how many hosts a step walks.
const WalkedAtOnce = 100

// UsersAtOnce is of how many users a step reads what is due apart from the others',
// where more is due than it looks at, and of how many the heads in line (Plan.Others).
const UsersAtOnce = 32

// Class is which line an image is in, by its host.
type Class int

// The classes.
const (
	Known   Class = 0 // hosts that answer
	Contact Class = 1 // hosts that have never answered, or whose breaker has opened since
)

// Line names the line of the class.
func (c Class) Line() string {
	if c == Contact {
		return "first_contacts"
	}
	return "known"
}

// Classes is how many there are.
const Classes = 2

// Row is an image with work.
type Row struct {
	ID, UserID int64
	Host       string
	Stage      media.Stage
	Class      Class // in line and out
	Rank       int64 // in line and out
	Cost       int64 // in line and out, in milliseconds
	Token      int64 // out
	Begun      bool  // out
	Fetched    bool  // out: its download has ended, so it takes nothing of its host
	Released   bool  // out: nor a download slot
	DueAt      int64 // later
	Tried      bool  // an attempt at it has failed
	HeadOfUser bool  // later: read as the first of its user, out of order
}

// Window is what a step sees. Times are milliseconds since 1970, by the
// database's clock. What the request and the plan ask for is read after the rest.
type Window struct {
	Now    int64
	Out    []Row          // all that are out, those that wait to be rendered included
	Line   [Classes][]Row // the head of each line by rank, at most LineWindow; behind it those of other users where Others wants them
	Due    []Row          // later, and due by now, from both ends; with Users, the first of each of these too
	More   bool           // an end of what is due has as many as are looked at: more may be due
	Users  []int64        // those with images that are later, at most UsersAtOnce from a cursor on; Due has the first due of each
	Woken  []string       // hosts whose breaker has been open for as long as it was to be
	Walked []string       // hosts that have parked images, at most WalkedAtOnce from a cursor on
	Hosts  map[string]HostState
	Parked []Row          // what Asks has asked for
	Ends   map[Flow]int64 // of each user of a row that is not in line yet: the end of the last in line or out
}

// held is how many of them have a download slot.
func held(out []Row) (n int) {
	for _, r := range out {
		if !r.Released {
			n++
		}
	}
	return n
}

// Flow is what takes turns: a user's images of one class.
type Flow struct {
	UserID int64
	Class  Class
}

// HostState is a host as a step sees it: what is remembered of it, and the lowest
// ranks of its images in line, or out and not downloaded, as many as a host may have out.
type HostState struct {
	Host

	Ranks []int64
}

// Ask asks for parked images of a host, in the order in which they are its next.
type Ask struct {
	Host  string
	Limit int   // at most so many
	After int64 // users with higher ids come first: the user that had the host's last turn
	Tried bool  // those that were tried come first
	Probe bool  // for the probe of a breaker: never tried, then the one tried longest ago
	Last  bool  // Probe: of those never tried the last that became due, not the first
}

// Position is where a row goes.
type Position struct {
	Row // as it was seen

	To       media.Stage // Parked, InLine or Out
	NewRank  int64       // in line and out; parked, the one that it had or would have had
	NewClass Class
	NewCost  int64
}

// Decision is what a step does.
type Decision struct {
	Positions []Position
	Woken     []string // hosts whose breaker lets a probe through from now on
}
