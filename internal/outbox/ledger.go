package outbox

import (
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
)

// ledger is what a lane knows about the messages that it has leased: each is
// held from the lease until the store has been told how its delivery ended.
type ledger struct {
	mu         sync.Mutex
	held       map[int64]struct{}
	delivering int
	delivered  []int64                   // to be deleted
	returned   map[time.Duration][]int64 // to be released, by delay
	attempts   map[int64]int             // failures in a row, of messages that may come again
	outage     int                       // failures in a row of the target as a whole
	epoch      int                       // changes with outage; see unavailable
	paused     time.Time                 // no lease before
}

// maxAttempts bounds the memory for failures of messages that another relay
// took over. Beyond it their waits start anew.
const maxAttempts = 10_000

func newLedger() *ledger {
	return &ledger{held: map[int64]struct{}{}, returned: map[time.Duration][]int64{}, attempts: map[int64]int{}}
}

// lease notes messages that are now being delivered and returns the epoch in
// which their deliveries begin. While the target is down it holds the next
// probe back, so that a slow one is not joined by others.
func (l *ledger) lease(messages []Message, cfg RelayConfig) (epoch int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range messages {
		l.held[m.ID] = struct{}{}
	}
	l.delivering += len(messages)
	if l.outage > 0 && len(messages) > 0 {
		l.paused = time.Now().Add(backoff.Delay(l.outage, cfg.RetryMin, cfg.PauseMax))
	}
	return l.epoch
}

// free returns how many messages may be leased: deliveries fill the window, and
// what waits for the store on top of them is bounded by batch. While the target
// is down it is one probe after each pause.
func (l *ledger) free(window, batch int) (count int, pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if pause = time.Until(l.paused); pause > 0 {
		return 0, pause
	}
	count = min(window-l.delivering, window+batch-len(l.held), batch)
	if l.outage > 0 {
		count = min(count, 1)
	}
	return count, 0
}

// underWay returns how many messages are being delivered.
func (l *ledger) underWay() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delivering
}

// pause stops leasing for d, unless it is stopped for longer.
func (l *ledger) pause(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.paused) {
		l.paused = until
	}
}

// done notes a delivery that succeeded.
func (l *ledger) done(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delivering--
	l.delivered = append(l.delivered, id)
	delete(l.attempts, id)
	if l.outage > 0 {
		l.outage, l.paused = 0, time.Time{}
		l.epoch++
	}
}

// refused notes a delivery that failed by the message's own fault and returns
// the wait until the next.
func (l *ledger) refused(id int64, cfg RelayConfig) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.attempts) >= maxAttempts {
		clear(l.attempts)
	}
	l.attempts[id]++
	delay := backoff.Delay(l.attempts[id], cfg.RetryMin, cfg.RetryMax)
	l.giveBack(id, delay)
	return delay
}

// unavailable notes a delivery that failed because the target is down, and
// reports whether that is news: deliveries that began in the same epoch fail
// together and count once.
func (l *ledger) unavailable(id int64, epoch int, cfg RelayConfig) (news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if news = epoch == l.epoch; news {
		l.epoch++
		l.outage++
		l.paused = time.Now().Add(jitter(backoff.Delay(l.outage, cfg.RetryMin, cfg.PauseMax)))
	}
	l.giveBack(id, backoff.Delay(l.outage, cfg.RetryMin, cfg.PauseMax))
	return news
}

// interrupted notes a delivery that was cut off by the stop.
func (l *ledger) interrupted(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveBack(id, 0)
}

func (l *ledger) giveBack(id int64, delay time.Duration) {
	l.delivering--
	l.returned[delay] = append(l.returned[delay], id)
}

// takeDelivered returns at most n messages to delete.
func (l *ledger) takeDelivered(n int) []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = min(n, len(l.delivered))
	ids := l.delivered[:n:n]
	l.delivered = l.delivered[n:]
	return ids
}

// takeReturned returns messages to release after one delay, none if there are none.
func (l *ledger) takeReturned() ([]int64, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for delay, ids := range l.returned {
		delete(l.returned, delay)
		return ids, delay
	}
	return nil, 0
}

// putBackDelivered and putBackReturned undo a take after the store has failed.
func (l *ledger) putBackDelivered(ids []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delivered = append(l.delivered, ids...)
}

func (l *ledger) putBackReturned(ids []int64, delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.returned[delay] = append(l.returned[delay], ids...)
}

// forget drops messages of which the store knows how they ended.
func (l *ledger) forget(ids []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		delete(l.held, id)
	}
}

// leased returns all held messages.
func (l *ledger) leased() []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]int64, 0, len(l.held))
	for id := range l.held {
		ids = append(ids, id)
	}
	return ids
}
