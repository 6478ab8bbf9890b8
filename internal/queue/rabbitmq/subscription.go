package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/queue"
)

// subscription implements queue.Subscription over all the connections that it
// goes through.
type subscription struct {
	cfg       Config
	log       *slog.Logger
	queueName string
	prefetch  int
	failures  *failures

	received chan *delivery     // unbuffered
	drain    context.CancelFunc // ends the receiving
	finished chan struct{}      // closed when all deliveries are finished
	ended    chan struct{}      // closed when nothing comes any more
	err      error              // why; set before ended is closed
}

// Subscribe implements queue.Driver. The subscription takes at most one message
// more than concurrency from the broker. Receive fails where the broker has a
// queue of that name with other arguments.
func (d *Driver) Subscribe(ctx context.Context, from queue.Source, concurrency int) queue.Subscription {
	ctx, drain := context.WithCancel(ctx)
	s := &subscription{
		cfg: d.cfg, queueName: d.cfg.queueName(from), failures: &d.failures,
		// What is prefetched and not begun counts as a delivery when this
		// process dies, hence only one message is kept at hand.
		prefetch: concurrency + 1,
		received: make(chan *delivery), drain: drain, finished: make(chan struct{}), ended: make(chan struct{}),
	}
	s.log = d.log.With("queue", s.queueName)
	go s.run(ctx)
	return s
}

// Receive implements queue.Subscription.
func (s *subscription) Receive(ctx context.Context) (queue.Delivery, error) {
	select {
	case d := <-s.received:
		if ctx.Err() != nil { // select takes either when both are ready
			d.session.giveBack(ctx, d.Delivery)
			return nil, context.Cause(ctx)
		}
		return d, nil
	case <-s.ended:
		return nil, s.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Drain implements queue.Subscription.
func (s *subscription) Drain() { s.drain() }

// Close implements queue.Subscription.
func (s *subscription) Close() {
	s.drain()
	close(s.finished)
	<-s.ended
}

// run connects, again and again, until ctx is done.
func (s *subscription) run(ctx context.Context) {
	defer close(s.ended)
	defer s.failures.set(s, nil)
	for failures := 0; ctx.Err() == nil; {
		served, err := s.connect(ctx, failures)
		switch {
		case err == nil:
		case errors.Is(err, errMismatch):
			s.err = err
			return
		default:
			if served > s.cfg.ReconnectMax {
				failures = 0
			}
			failures++
			s.failures.set(s, err)
			pause := backoff.Jitter(backoff.Delay(failures, s.cfg.ReconnectMin, s.cfg.ReconnectMax))
			level := slog.LevelDebug
			if failures == 1 {
				level = slog.LevelWarn
			}
			s.log.Log(ctx, level, "consumer is not connected", "failures", failures, "pause", pause, "error", err)
			_ = backoff.Sleep(ctx, pause)
		}
	}
	s.err = context.Cause(ctx)
}

// connect opens one connection and receives messages from it until it is lost,
// and says why, or until ctx is done, and returns nil. It returns too how long
// the connection lasted.
func (s *subscription) connect(ctx context.Context, failures int) (served time.Duration, err error) {
	c, err := s.open(ctx)
	if err != nil {
		return 0, err
	}
	s.failures.set(s, nil)
	s.log.InfoContext(ctx, "consumer is connected", "failures", failures)
	began := time.Now()
	err = c.serve(ctx)
	if err := c.link.close(); err != nil {
		s.log.DebugContext(ctx, "consumer connection not closed in order", "error", err)
	}
	return time.Since(began), err
}

// failures are the subscriptions that have no messages, and why. The zero value
// is ready.
type failures struct {
	mu     sync.Mutex
	causes map[*subscription]error
}

// set notes that a subscription has its messages (nil), or why it has none.
func (f *failures) set(s *subscription, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		delete(f.causes, s)
		return
	}
	if f.causes == nil {
		f.causes = make(map[*subscription]error)
	}
	f.causes[s] = err
}

// any returns why one of them has no messages.
func (f *failures) any() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s, err := range f.causes {
		return fmt.Errorf("%s: %w", s.queueName, err)
	}
	return nil
}
