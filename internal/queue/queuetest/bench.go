package queuetest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/queue"
)

// patience is how long a test waits for what must happen.
const patience = 60 * time.Second

// quiet is how long a test watches that something does not happen.
const quiet = 300 * time.Millisecond

// bench is what a test works with.
type bench struct {
	t    *testing.T
	can  Capabilities
	open Broker
}

// queue opens a Queue with time enough to drain.
func (b *bench) queue() *queue.Queue {
	b.t.Helper()
	return b.draining(patience)
}

// draining opens a Queue with that much time to drain.
func (b *bench) draining(d time.Duration) *queue.Queue {
	b.t.Helper()
	return queue.New(b.open(b.t), d, slog.New(slog.NewTextHandler(b.t.Output(), nil)))
}

// running is a consumer in the background.
type running struct {
	stop  context.CancelFunc
	ended chan error
}

// consume starts q.Consume; it is stopped at the latest with the test.
func consume(t *testing.T, q *queue.Queue, concurrency int, handle queue.Handler) *running {
	t.Helper()
	return start(t, func(ctx context.Context) error { return q.Consume(ctx, concurrency, handle) })
}

func consumeDead(t *testing.T, q *queue.Queue, handle queue.Handler) {
	t.Helper()
	start(t, func(ctx context.Context) error { return q.ConsumeDead(ctx, handle) })
}

func start(t *testing.T, run func(context.Context) error) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{stop: cancel, ended: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.ended <- run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		receive(t, done, "the end of a consumer")
	})
	return r
}

// publish publishes as the dispatcher does: again until it succeeds.
func publish(t *testing.T, q *queue.Queue, messages ...queue.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var publishers sync.WaitGroup
	window := make(chan struct{}, q.Window())
	for _, m := range messages {
		window <- struct{}{}
		publishers.Go(func() {
			defer func() { <-window }()
			if err := untilPublished(ctx, q, m); err != nil {
				t.Errorf("publish %s: %v", m.ID, err)
			}
		})
	}
	publishers.Wait()
}

func untilPublished(ctx context.Context, q *queue.Queue, m queue.Message) error {
	for {
		err := q.Publish(ctx, m)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// receive waits for a value.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("waited too long for %s", what)
		panic("unreachable")
	}
}

// silence fails the test if a value comes.
func silence[T any](t *testing.T, from <-chan T, what string) {
	t.Helper()
	select {
	case v := <-from:
		t.Fatalf("%s: %v", what, v)
	case <-time.After(quiet):
	}
}

// endsWell checks how a consumer ended.
func (r *running) endsWell(t *testing.T) {
	t.Helper()
	if err := receive(t, r.ended, "the consumer to return"); err != nil {
		t.Errorf("consume: %v", err)
	}
}

func message(n int) queue.Message {
	return queue.Message{ID: fmt.Sprintf("m%d", n), Body: fmt.Appendf(nil, "body of %d", n)}
}

func messages(n int) []queue.Message {
	all := make([]queue.Message, n)
	for i := range all {
		all[i] = message(i)
	}
	return all
}

// tally counts handled messages by id.
type tally struct {
	mu   sync.Mutex
	seen map[string]int
	all  chan struct{} // closed when want different ones were seen
	want int
}

func newTally(want int) *tally {
	return &tally{seen: map[string]int{}, all: make(chan struct{}), want: want}
}

func (c *tally) add(m queue.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[m.ID]++
	if len(c.seen) == c.want && c.seen[m.ID] == 1 {
		close(c.all)
	}
}

// count returns how often the message was handled.
func (c *tally) count(id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[id]
}
