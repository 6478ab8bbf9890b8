package feed

import (
	"slices"
	"sync"

	"vitrine.dev/internal/events"
)

// keptEvents is how many of the latest events are in memory at least, once there were so many:
// about 200 bytes each, and at most twice as many are kept.
const keptEvents = 2000

// recent is the end of the log as far as it is complete, read once for all who wait for more.
// It is safe for concurrent use.
type recent struct {
	mu      sync.Mutex
	known   bool           // whether the log was opened
	from    int64          // events up to there are not here
	to      int64          // the log is complete up to there
	events  []events.Event // between these, by id; never changed in place
	changed chan struct{}  // closed with the next change
}

func newRecent() *recent { return &recent{changed: make(chan struct{})} }

// open begins again behind the position: what is before it was not read here.
func (r *recent) open(position int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known, r.from, r.to, r.events = true, position, position, nil
	r.wake()
}

// add appends what was read up to the position.
func (r *recent) add(list []events.Event, position int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events, r.to = append(r.events, list...), position
	if surplus := len(r.events) - keptEvents; surplus > keptEvents {
		r.from = r.events[surplus-1].ID
		r.events = slices.Clone(r.events[surplus:])
	}
	r.wake()
}

func (r *recent) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// end is how far the log is complete, where that is known, and a channel that is closed when
// it goes on.
func (r *recent) end() (to int64, known bool, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.to, r.known, r.changed
}

// after returns the events that follow the position, if those that follow it are all here,
// and how far they reach.
func (r *recent) after(position int64) (list []events.Event, to int64, here bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known || position < r.from || position > r.to {
		return nil, 0, false
	}
	first, _ := slices.BinarySearchFunc(r.events, position+1, func(e events.Event, id int64) int { return int(e.ID - id) })
	return r.events[first:], r.to, true
}
