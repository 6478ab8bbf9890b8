package rabbitmq_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
)

// TestStaleAcknowledgement: the connection is lost while the message with
// delivery tag 1 is handled. On the next connection tag 1 is another message,
// or the same one redelivered, and the late acknowledgement must not remove it.
func TestStaleAcknowledgement(t *testing.T) {
	t.Parallel()
	cfg, proxy, address := proxied(t)
	direct := open(t, configOf(t, address))
	for _, id := range []string{"a", "b", "c"} {
		publish(t, direct, queue.Message{ID: id})
	}
	begun, release := make(chan string, 8), make(chan struct{})
	var calls atomic.Int32
	short := queue.New(driver(t, cfg), 10*time.Millisecond, logger(t))
	stop := consume(t, short, 1, func(ctx context.Context, m queue.Message) error {
		begun <- m.ID
		if calls.Add(1) == 1 {
			<-release
			return nil
		}
		<-ctx.Done() // what comes on the second connection is never finished
		return context.Cause(ctx)
	})
	receive(t, begun, "the first message")
	eventually(t, "one of three to be left in the queue", func() bool { return waiting(t, address) == 1 })
	proxy.Cut()
	eventually(t, "all to be back in the queue", func() bool { return waiting(t, address) == 3 })
	proxy.Restore()
	eventually(t, "two to be at the second connection", func() bool { return waiting(t, address) == 1 })
	close(release)
	receive(t, begun, "a message of the second connection, after the late acknowledgement")
	<-time.After(200 * time.Millisecond)
	if n := waiting(t, address); n != 1 {
		t.Errorf("%d messages left in the queue, want 1: the late acknowledgement made room", n)
	}
	stop()

	handled := make(chan string, 8)
	consume(t, direct, 1, func(_ context.Context, m queue.Message) error {
		handled <- m.ID
		return nil
	})
	seen := map[string]bool{}
	for len(seen) < 3 {
		seen[receive(t, handled, "all three messages")] = true
	}
}

// TestCutWhileHandling: handlers go on when the connection is lost.
func TestCutWhileHandling(t *testing.T) {
	t.Parallel()
	cfg, proxy, _ := proxied(t)
	q := open(t, cfg)
	begun, release := make(chan struct{}, 8), make(chan struct{})
	results := make(chan error, 8)
	consume(t, q, 2, func(ctx context.Context, _ queue.Message) error {
		begun <- struct{}{}
		<-release
		results <- ctx.Err()
		return nil
	})
	publish(t, q, queue.Message{ID: "m"})
	receive(t, begun, "the message")
	proxy.Cut()
	eventually(t, "the loss to be noticed", func() bool { return q.Ping(t.Context()) != nil })
	proxy.Restore()
	receive(t, begun, "the message to be delivered again")
	close(release)
	for range 2 {
		if err := receive(t, results, "a result"); err != nil {
			t.Errorf("the context of a handler ended with the connection: %v", err)
		}
	}
}

// TestCutWhilePublishing: whatever Publish has returned nil for arrives.
func TestCutWhilePublishing(t *testing.T) {
	t.Parallel()
	const total = 2000
	cfg, proxy, address := proxied(t)
	q := open(t, cfg)
	var mu sync.Mutex
	handled := map[string]bool{}
	consume(t, open(t, configOf(t, address)), 8, func(_ context.Context, m queue.Message) error {
		mu.Lock()
		defer mu.Unlock()
		handled[m.ID] = true
		return nil
	})
	confirmed := make(chan string, total)
	var publishers sync.WaitGroup
	for worker := range 50 {
		publishers.Go(func() {
			for i := range total / 50 {
				id := string(rune('A'+worker)) + string(rune('a'+i))
				publish(t, q, queue.Message{ID: id, Body: []byte(id)})
				confirmed <- id
			}
		})
	}
	for cut := range 4 {
		eventually(t, "progress", func() bool { return len(confirmed) > (cut+1)*total/6 })
		proxy.Cut()
		proxy.Restore()
	}
	publishers.Wait()
	close(confirmed)
	for id := range confirmed {
		eventually(t, "message "+id, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return handled[id]
		})
	}
}

// TestBrokerDown: everything works once the broker is there, and fails fast
// until then.
func TestBrokerDown(t *testing.T) {
	t.Parallel()
	cfg, proxy, _ := proxied(t)
	proxy.Cut()
	q := open(t, cfg)
	handled := make(chan string, 1)
	consume(t, q, 1, func(_ context.Context, m queue.Message) error {
		handled <- m.ID
		return nil
	})
	for range 5 {
		began := time.Now()
		if err := q.Publish(t.Context(), queue.Message{ID: "m"}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("publish without a broker: %v", err)
		}
		if err := q.Ping(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("ping without a broker: %v", err)
		}
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("it took %v to fail", d)
		}
	}
	proxy.Restore()
	publish(t, q, queue.Message{ID: "m"})
	receive(t, handled, "the message")
	if err := q.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

// TestStalledLink: a link that passes nothing is given up after missing
// heartbeats, and contexts are heeded meanwhile.
func TestStalledLink(t *testing.T) {
	t.Parallel()
	cfg, proxy, _ := proxied(t)
	q := open(t, cfg)
	handled := make(chan string, 64)
	consume(t, q, 1, func(_ context.Context, m queue.Message) error {
		handled <- m.ID
		return nil
	})
	publish(t, q, queue.Message{ID: "before"})
	receive(t, handled, "a message")

	proxy.Stall()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := q.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ping: %v", err)
	}
	if err := q.Publish(ctx, queue.Message{ID: "lost"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("publish: %v", err)
	}
	// Enough to fill the sockets' buffers, so that a write blocks.
	body := make([]byte, 8<<20)
	var publishers sync.WaitGroup
	for range 4 {
		publishers.Go(func() {
			if err := q.Publish(t.Context(), queue.Message{ID: "big", Body: body}); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("publish over a stalled link: %v", err)
			}
		})
	}
	publishers.Wait()

	proxy.Cut() // what is held in the proxy goes nowhere
	proxy.Resume()
	proxy.Restore()
	publish(t, q, queue.Message{ID: "after"})
	receiveOnly(t, handled, "after")
}

// TestStopOverStalledLink: the stop does not hang on a broker that is silent.
func TestStopOverStalledLink(t *testing.T) {
	t.Parallel()
	cfg, proxy, _ := proxied(t)
	q := open(t, cfg)
	handled := make(chan string, 1)
	stop := consume(t, q, 1, func(_ context.Context, m queue.Message) error {
		handled <- m.ID
		return nil
	})
	publish(t, q, queue.Message{ID: "before"})
	receive(t, handled, "a message")
	proxy.Stall()
	began := time.Now()
	stop()
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("the stop took %v", d)
	}
}

// TestConsumerDies: what a dead consumer had received goes to another.
func TestConsumerDies(t *testing.T) {
	t.Parallel()
	const total = 100
	cfg, proxy, address := proxied(t)
	doomed, healthy := open(t, cfg), open(t, configOf(t, address))
	for i := range total {
		publish(t, healthy, queue.Message{ID: string(rune('!' + i))})
	}
	begun, never := make(chan struct{}, total), make(chan struct{})
	defer close(never)
	consume(t, doomed, 5, func(context.Context, queue.Message) error {
		begun <- struct{}{}
		<-never
		return nil
	})
	for range 5 {
		receive(t, begun, "the doomed consumer to be busy")
	}
	proxy.Cut()
	var count atomic.Int32
	done := make(chan struct{})
	seen := sync.Map{}
	consume(t, healthy, 5, func(_ context.Context, m queue.Message) error {
		if _, again := seen.LoadOrStore(m.ID, true); !again && count.Add(1) == total {
			close(done)
		}
		return nil
	})
	receive(t, done, "all messages at the healthy consumer")
}
