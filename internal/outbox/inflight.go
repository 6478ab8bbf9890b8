package outbox

import (
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
)

// inFlight is what a dispatcher knows about the messages that it has leased:
// each is held from the lease until the store knows how its delivery ended.
type inFlight struct {
	mu         sync.Mutex
	held       map[int64]struct{}
	delivering int
	delivered  []int64                   // to be deleted
	returned   map[time.Duration][]int64 // to be released, by delay
	attempts   map[int64]int             // failures in a row, of messages that may be delivered again
	outage     int                       // failures in a row of the target as a whole
	epoch      int                       // changes with outage; see unavailable
	paused     time.Time                 // no lease before
}

// maxAttempts bounds the memory for failures of messages that another relay
// took over. Beyond it their waits begin again at the lowest.
const maxAttempts = 10_000

func newInFlight() *inFlight {
	return &inFlight{held: map[int64]struct{}{}, returned: map[time.Duration][]int64{}, attempts: map[int64]int{}}
}

// lease notes messages that are now being delivered and returns the epoch in
// which their deliveries begin. While the target is down it holds the next
// probe back, so that a slow one is not joined by others.
func (f *inFlight) lease(messages []Message, cfg RelayConfig) (epoch int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range messages {
		f.held[m.ID] = struct{}{}
	}
	f.delivering += len(messages)
	if f.outage > 0 && len(messages) > 0 {
		f.paused = time.Now().Add(backoff.Delay(f.outage, cfg.RetryMin, cfg.PauseMax))
	}
	return f.epoch
}

// free returns how many messages may be leased: deliveries fill the window, and
// what waits for the store on top of them is bounded by batch. While the target
// is down it is one probe after each pause.
func (f *inFlight) free(window, batch int) (count int, pause time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if pause = time.Until(f.paused); pause > 0 {
		return 0, pause
	}
	count = min(window-f.delivering, window+batch-len(f.held), batch)
	if f.outage > 0 {
		count = min(count, 1)
	}
	return count, 0
}

// underWay returns how many messages are being delivered.
func (f *inFlight) underWay() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.delivering
}

// pause stops leasing for d, unless it is stopped for longer.
func (f *inFlight) pause(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if until := time.Now().Add(d); until.After(f.paused) {
		f.paused = until
	}
}

// done notes a delivery that succeeded.
func (f *inFlight) done(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delivering--
	f.delivered = append(f.delivered, id)
	delete(f.attempts, id)
	if f.outage > 0 {
		f.outage, f.paused = 0, time.Time{}
		f.epoch++
	}
}

// refused notes a delivery that failed by the message's own fault and returns
// the wait until the next.
func (f *inFlight) refused(id int64, cfg RelayConfig) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.attempts) >= maxAttempts {
		clear(f.attempts)
	}
	f.attempts[id]++
	delay := backoff.Delay(f.attempts[id], cfg.RetryMin, cfg.RetryMax)
	f.giveBack(id, delay)
	return delay
}

// unavailable notes a delivery that failed because the target is down, and
// reports whether it is the first to say so: deliveries that began in the same
// epoch fail together and count once.
func (f *inFlight) unavailable(id int64, epoch int, cfg RelayConfig) (first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if first = epoch == f.epoch; first {
		f.epoch++
		f.outage++
		f.paused = time.Now().Add(jitter(backoff.Delay(f.outage, cfg.RetryMin, cfg.PauseMax)))
	}
	f.giveBack(id, backoff.Delay(f.outage, cfg.RetryMin, cfg.PauseMax))
	return first
}

// interrupted notes a delivery that was cut off by the stop.
func (f *inFlight) interrupted(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.giveBack(id, 0)
}

func (f *inFlight) giveBack(id int64, delay time.Duration) {
	f.delivering--
	f.returned[delay] = append(f.returned[delay], id)
}

// takeDelivered returns at most n messages to delete.
func (f *inFlight) takeDelivered(n int) []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	n = min(n, len(f.delivered))
	ids := f.delivered[:n:n]
	f.delivered = f.delivered[n:]
	return ids
}

// takeReturned returns messages to release after one delay, none if there are none.
func (f *inFlight) takeReturned() ([]int64, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for delay, ids := range f.returned {
		delete(f.returned, delay)
		return ids, delay
	}
	return nil, 0
}

// putBackDelivered and putBackReturned undo a take after the store has failed.
func (f *inFlight) putBackDelivered(ids []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delivered = append(f.delivered, ids...)
}

func (f *inFlight) putBackReturned(ids []int64, delay time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.returned[delay] = append(f.returned[delay], ids...)
}

// forget drops messages of which the store knows how they ended.
func (f *inFlight) forget(ids []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		delete(f.held, id)
	}
}

// leased returns all held messages.
func (f *inFlight) leased() []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := make([]int64, 0, len(f.held))
	for id := range f.held {
		ids = append(ids, id)
	}
	return ids
}
