package chaos_test

import (
	"math"
	"sync"
	"time"
)

// deletedRevision is the revision of a product that is gone: it comes after all.
const deletedRevision = math.MaxInt64

// event is one request and what was answered.
type event struct {
	op       string // create, read, list, change, delete
	api      string // that answered
	life     int64  // which start of it
	product  int64
	status   int // 0: no answer
	after    bool
	revision int64         // that was read or written
	shown    state         // what a read showed
	listed   []int64       // what a list showed
	user     int64         // whose list it was
	whole    bool          // the list had no further page
	call     time.Duration // since the run began
	ret      time.Duration
	leftover string // an answer that should not have been
}

// history is every request of a run.
type history struct {
	began time.Time

	mu     sync.Mutex
	events []event
}

func (h *history) now() time.Duration { return time.Since(h.began) }

func (h *history) add(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *history) all() []event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events
}
