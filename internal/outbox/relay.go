package outbox

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"
)

// Route says where the messages of one topic go.
type Route struct {
	Topic string
	// Window is how many deliveries are worth having under way at once; below 1
	// counts as 1.
	Window int
	// Room is how many messages the target may be handed now; nil for no bound.
	// What it cannot take waits in the store, where others may still come
	// before it. Where its error keeps it from knowing, there is no bound.
	Room func(ctx context.Context) (int, error)
	// Deliver returns nil once the message cannot be lost any more: it is then
	// deleted. Any error, or a panic, keeps the message for a later delivery.
	// An error of kind fault.Unavailable means that the target as a whole is
	// down and pauses the route; any other concerns this message alone. Deliver
	// is called by many goroutines and returns soon after its context ends,
	// which is when the relay was stopped and its DrainTimeout is over.
	Deliver func(ctx context.Context, m Message) error
}

// RelayConfig tunes a Relay. Zero fields take their defaults.
type RelayConfig struct {
	Poll         time.Duration // how often to look for due messages without being woken
	Lease        time.Duration // how long a message of a relay that died stays leased; renewed at a third
	Batch        int           // most messages per statement
	RetryMin     time.Duration // first wait after a failure, doubled with each further one, ±20 %
	RetryMax     time.Duration // longest wait of one message
	PauseMax     time.Duration // longest wait of a route whose target, or of a relay whose store, is down
	StoreTimeout time.Duration // limit of one call of the store
	DrainTimeout time.Duration // how long deliveries may go on after the stop
}

// DefaultRelayConfig returns the defaults.
func DefaultRelayConfig() RelayConfig {
	return RelayConfig{
		Poll: time.Second, Lease: 30 * time.Second, Batch: 100,
		RetryMin: 200 * time.Millisecond, RetryMax: time.Minute, PauseMax: 5 * time.Second,
		StoreTimeout: 5 * time.Second, DrainTimeout: 30 * time.Second,
	}
}

// withDefaults fills the zero fields.
func (c RelayConfig) withDefaults() RelayConfig {
	d := DefaultRelayConfig()
	return RelayConfig{
		Poll: cmp.Or(c.Poll, d.Poll), Lease: cmp.Or(c.Lease, d.Lease), Batch: cmp.Or(c.Batch, d.Batch),
		RetryMin: cmp.Or(c.RetryMin, d.RetryMin), RetryMax: cmp.Or(c.RetryMax, d.RetryMax),
		PauseMax: cmp.Or(c.PauseMax, d.PauseMax), StoreTimeout: cmp.Or(c.StoreTimeout, d.StoreTimeout),
		DrainTimeout: cmp.Or(c.DrainTimeout, d.DrainTimeout),
	}
}

// Relay delivers what is in the outbox and deletes what was delivered. Any
// number of relays may work on one store; a message is delivered at least once
// whenever any of them dies. Messages of a topic are begun in the order in
// which they are due; they may end in any order.
type Relay struct {
	store       Store
	dispatchers []*dispatcher
}

// NewRelay returns a Relay for the routes; their topics are distinct.
func NewRelay(store Store, routes []Route, cfg RelayConfig, log *slog.Logger) *Relay {
	r := &Relay{store: store}
	cfg = cfg.withDefaults()
	for _, route := range routes {
		r.dispatchers = append(r.dispatchers, newDispatcher(store, route, cfg, log.With("topic", route.Topic)))
	}
	return r
}

// Run delivers until ctx is done. It then leases no more, gives the deliveries
// under way DrainTimeout to end, deletes what was delivered, gives the rest
// back and returns nil. Run is called once.
func (r *Relay) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, d := range r.dispatchers {
		running.Go(func() { d.run(ctx) })
	}
	running.Go(func() { r.listen(ctx) })
	running.Wait()
	return nil
}

// Nudge makes the relay look for due messages now. It never blocks, may be
// called at any time, and several calls may count as one.
func (r *Relay) Nudge() {
	for _, d := range r.dispatchers {
		notify(d.wake)
	}
}

// listen passes the store's hints on.
func (r *Relay) listen(ctx context.Context) {
	hints := r.store.Wake(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-hints:
			if !open {
				return // polling goes on
			}
			r.Nudge()
		}
	}
}

// notify sends on a channel of capacity 1 unless a signal is waiting already.
func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
