package dispatch

import (
	"cmp"
	"slices"
	"time"

	"vitrine.dev/internal/processes"
)

// State is how far the work on an image has come, as people read it: media.Stage,
// with what has come apart from what waits for a retry, and what is begun apart
// from what is at the queue.
type State string

// The states, in the order in which an image goes through them.
const (
	StateDue        State = "due"        // it has come, or its retry is due: the next steps look at it
	StateInLine     State = "in_line"    // it has its rank
	StateDispatched State = "dispatched" // at the queue, or on its way to a worker
	StateBegun      State = "begun"      // a worker has it
	StateParked     State = "parked"     // its host has no room
	StateLater      State = "later"      // it is retried at a time
)

// States lists all of them.
func States() []State {
	return []State{StateDue, StateInLine, StateDispatched, StateBegun, StateParked, StateLater}
}

// For returns what an image in the state waits for, "" for one that is begun.
func (s State) For() WaitsFor {
	switch s {
	case StateParked:
		return ForHost
	case StateLater:
		return ForRetry
	case StateBegun:
		return ""
	default:
		return ForTurn
	}
}

// The bounds of an Overview.
const (
	CountMost     = 10_000 // images of a state that are looked at; of those in line, for each of the two lines
	MostUsers     = 20
	MostTurns     = 20
	MostProcesses = 100
	MostLost      = 20
)

// Group is how many images of a user are in a state, of those that were looked at.
type Group struct {
	State    State
	Class    Class // in line
	UserID   int64
	Images   int
	OldestAt int64 // since when the oldest of them is accepted
	DueAt    int64 // when the first of them was or is due
	First    int   // in line: how many-th the first of them is in its line, from 1; 0 elsewhere
	Last     int   // in line: the same of the last of them
}

// Overview is what waits, at one moment. Images of refreshes and repairs are among it.
type Overview struct {
	At        time.Time
	Slots     int // of all live processes
	InFlight  int // images that are dispatched or begun, of those that were looked at
	PerSecond float64
	States    []StateCount // all of them
	Users     []UserWork   // at most MostUsers: who has most in flight first, then who has most waiting
	Turns     []Turn       // at most MostTurns: whose images go next
	Processes []processes.Process
	Lost      []processes.Process // that have stopped without saying so, within processes.LostFor; at most MostLost, the latest first
}

// Age returns for how long that has been due which waits longest in the state, 0 for nothing and for
// StateLater, which is not due.
func (o Overview) Age(c StateCount) time.Duration {
	if c.State == StateLater || c.DueAt.IsZero() {
		return 0
	}
	return max(0, o.At.Sub(c.DueAt))
}

// Waited returns for how long that has waited which waits longest in the state, since it was last due; false where
// none is due that waits.
func (o Overview) Waited(c StateCount) (time.Duration, bool) {
	if c.State.For() == "" || c.State == StateLater || c.DueAt.IsZero() {
		return 0, false
	}
	return o.Age(c), true
}

// Waiting returns how many images are not in flight, whether there may be more, and for how long that has been
// due which waits longest of them.
func (o Overview) Waiting() (images int, more bool, oldest time.Duration) {
	for _, c := range o.States {
		if c.State == StateDispatched || c.State == StateBegun {
			continue
		}
		images += c.Images
		more = more || c.More
		oldest = max(oldest, o.Age(c))
	}
	return images, more, oldest
}

// StateCount is how many images are in a state.
type StateCount struct {
	State    State
	Images   int       // that were looked at
	More     bool      // there may be more
	OldestAt time.Time // when the oldest that was looked at was accepted; zero for none
	DueAt    time.Time // when the first that was looked at was or is due; zero for none
}

// UserWork is how many images of a user are worked on and wait.
type UserWork struct {
	UserID   int64
	InFlight int  // dispatched and begun
	Waiting  int  // others that were looked at
	More     bool // there may be more
}

// Turn is where a user's images are in one of the two lines, in the order in which images go out: by rank. Images of a
// user who has half of the slots, or more first contacts out than a user may have, are passed by those behind them.
type Turn struct {
	Flow

	Place  int // how many-th their first image is, from 1
	Images int
	More   bool // there may be more
	// FirstAt is when the first of them is done, and LastAt when all of those counted are, at the recent pace of all
	// images: zero where that is not known, as when nothing was done lately, and always for first contacts,
	// whose hosts are not known.
	FirstAt, LastAt time.Time
}

// turns are those of the groups in line, by place; at the same one first contacts go first, as they do in a step.
func turns(now int64, groups []Group, pace Pace, more func(Class) bool) (list []Turn) {
	for _, g := range groups {
		if g.State != StateInLine {
			continue
		}
		t := Turn{Flow: Flow{g.UserID, g.Class}, Place: g.First, Images: g.Images, More: more(g.Class)}
		t.FirstAt, t.LastAt = pace.done(now, g.Class, g.First), pace.done(now, g.Class, g.Last)
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b Turn) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(b.Class, a.Class), cmp.Compare(a.UserID, b.UserID))
	})
	return list[:min(len(list), MostTurns)]
}

// counted is what is counted up to CountMost together: what is out is, begun or not.
type counted struct {
	State
	Class
}

func countedWith(s State, c Class) counted {
	if s == StateBegun {
		s = StateDispatched
	}
	return counted{s, c}
}

// overview puts together what was read at the moment.
func overview(now int64, groups []Group, pace Pace, slots int, alive []processes.Process) Overview {
	o := Overview{At: at(now), PerSecond: pace.PerSecond(now), Slots: slots, Processes: alive}
	looked := map[counted]int{}
	counts, users := map[State]StateCount{}, map[int64]UserWork{}
	for _, g := range groups {
		looked[countedWith(g.State, g.Class)] += g.Images
		c := counts[g.State]
		c.Images += g.Images
		if oldest := at(g.OldestAt); c.OldestAt.IsZero() || oldest.Before(c.OldestAt) {
			c.OldestAt = oldest
		}
		if due := at(g.DueAt); c.DueAt.IsZero() || due.Before(c.DueAt) {
			c.DueAt = due
		}
		counts[g.State] = c
		u := users[g.UserID]
		if u.UserID = g.UserID; g.State == StateDispatched || g.State == StateBegun {
			u.InFlight += g.Images
			o.InFlight += g.Images
		} else {
			u.Waiting += g.Images
		}
		users[g.UserID] = u
	}
	waitMore := false
	for _, s := range States() {
		c := counts[s]
		c.State, c.More = s, max(looked[countedWith(s, Known)], looked[countedWith(s, Contact)]) >= CountMost
		o.States = append(o.States, c)
		waitMore = waitMore || c.More
	}
	o.Turns = turns(now, groups, pace, func(c Class) bool { return looked[countedWith(StateInLine, c)] >= CountMost })
	for _, u := range users {
		u.More = waitMore
		o.Users = append(o.Users, u)
	}
	slices.SortFunc(o.Users, func(a, b UserWork) int {
		return cmp.Or(cmp.Compare(b.InFlight, a.InFlight), cmp.Compare(b.Waiting, a.Waiting), cmp.Compare(a.UserID, b.UserID))
	})
	o.Users = o.Users[:min(len(o.Users), MostUsers)]
	return o
}
