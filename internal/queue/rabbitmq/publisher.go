package rabbitmq

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/queue"
)

// publisher keeps one outlet, a connection for publishing, and replaces it
// after its loss when the next message comes.
type publisher struct {
	cfg     Config
	log     *slog.Logger
	slots   chan struct{} // one taken for each message under way
	pinging chan struct{} // of capacity 1: one ping at a time

	life context.Context //nolint:containedctx // ends with close; it bounds dialling, which serves many callers
	end  context.CancelFunc

	mu      sync.Mutex
	current *outlet
	attempt *attempt // under way, or the last one if it failed
}

// attempt is one try to connect, shared by all who wait for it. What follows
// done is set before that is closed.
type attempt struct {
	done   chan struct{}
	outlet *outlet
	err    error
	until  time.Time // for so long a failure answers for the broker
}

// recentFailure is how long a failed attempt to connect is taken as the answer, so
// that a burst of messages does not dial once each.
const recentFailure = 100 * time.Millisecond

var (
	errUnconfirmed = errors.New("no confirmation within the time allowed")
	errUnroutable  = errors.New("the queue does not exist")
	errRefused     = errors.New("the broker refused the message")
	errBlocked     = errors.New("the broker blocks publishers")
	errClosed      = errors.New("the queue was closed")
)

func newPublisher(cfg Config, log *slog.Logger) *publisher {
	life, end := context.WithCancel(context.Background())
	return &publisher{
		cfg: cfg, log: log, life: life, end: end,
		slots: make(chan struct{}, cfg.PublishWindow), pinging: make(chan struct{}, 1),
	}
}

func (p *publisher) publish(ctx context.Context, m queue.Message) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return unavailable("publish", context.Cause(ctx))
	}
	o, err := p.outlet(ctx)
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, p.cfg.ConfirmTimeout, errUnconfirmed)
	defer cancel()
	err = o.publish(waiting, m)
	if err == nil {
		return nil
	}
	if errors.Is(err, errUnroutable) || errors.Is(err, errUnconfirmed) {
		// The queue was deleted, or the broker is stuck. A new connection
		// declares the one and may reach another node of the other.
		o.retire(err)
	}
	return unavailable("publish", err)
}

// outlet returns the present outlet or connects, once for all who ask.
func (p *publisher) outlet(ctx context.Context) (*outlet, error) {
	a, o := p.join()
	if o != nil {
		return o, nil
	}
	select {
	case <-a.done:
		return a.outlet, a.err
	case <-ctx.Done():
		return nil, unavailable("connect publisher", context.Cause(ctx))
	}
}

// join returns the outlet, or the attempt that will bring one.
func (p *publisher) join() (*attempt, *outlet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil && !isClosed(p.current.lost) {
		return nil, p.current
	}
	if p.attempt == nil || (isClosed(p.attempt.done) && time.Now().After(p.attempt.until)) {
		p.attempt = &attempt{done: make(chan struct{})}
		go p.connect(p.attempt)
	}
	return p.attempt, nil
}

// connect makes the attempt. It belongs to no caller: one that gives up must
// not fail the others.
func (p *publisher) connect(a *attempt) {
	o, err := p.dial()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && p.life.Err() != nil { // closed meanwhile
		o.retire(errClosed)
		err = unavailable("connect publisher", errClosed)
	}
	if err == nil {
		a.outlet, p.current, p.attempt = o, o, nil
	} else {
		a.err, a.until = err, time.Now().Add(recentFailure)
	}
	close(a.done)
}

func (p *publisher) dial() (*outlet, error) {
	l, err := connect(p.life, p.cfg, "publisher")
	if err != nil {
		return nil, err
	}
	o, err := newOutlet(l, p.cfg, p.log)
	if err != nil {
		return nil, unavailable("connect publisher", err)
	}
	return o, nil
}

// ask has the broker answer a question, one at a time.
func (p *publisher) ask(ctx context.Context, operation string, question func(*outlet) error) error {
	o, err := p.outlet(ctx)
	if err != nil {
		return err
	}
	if isClosed(o.blockage()) {
		return unavailable(operation, errBlocked)
	}
	select {
	case p.pinging <- struct{}{}:
	case <-ctx.Done():
		return unavailable(operation, context.Cause(ctx))
	}
	answer := make(chan error, 1)
	go func() {
		defer func() { <-p.pinging }()
		answer <- question(o)
	}()
	select {
	case err = <-answer:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return unavailable(operation, err)
	}
	return nil
}

func (p *publisher) close() error {
	p.end()
	p.mu.Lock()
	o := p.current
	p.mu.Unlock()
	if o != nil {
		o.retire(errClosed)
		<-o.ended
	}
	return nil
}
