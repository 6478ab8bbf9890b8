package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/queue"
)

// outlet is one generation of the publisher's connection. One goroutine sends,
// because a send blocks as long as the network does and knows no context;
// another watches over the connection.
type outlet struct {
	link      *link
	queueName string
	log       *slog.Logger
	sequence  atomic.Uint64
	sends     chan *sending
	queries   chan returnQuery
	retiring  chan error    // of capacity 1
	lost      chan struct{} // closed when the outlet is of no more use
	ended     chan struct{} // closed when its connection is
	gauge     gauge

	mu      sync.Mutex
	err     error         // why it was lost
	blocked chan struct{} // closed while the broker blocks publishers
}

// sending is one message on its way to the sender.
type sending struct {
	ctx      context.Context //nolint:containedctx // of the caller, who may have gone before its turn
	message  queue.Message
	sequence string
	sent     chan sent // of capacity 1
}

// sent is how a sending went: a confirmation to wait for, or an error.
type sent struct {
	confirmation *amqp.DeferredConfirmation
	err          error
}

// returnQuery asks whether a message was returned as unroutable.
type returnQuery struct {
	sequence string
	answer   chan bool // of capacity 1
}

func newOutlet(l *link, cfg Config, log *slog.Logger) (*outlet, error) {
	if err := l.channel.Confirm(false); err != nil {
		return nil, errors.Join(fmt.Errorf("ask for confirmations: %w", err), l.close())
	}
	o := &outlet{
		link: l, queueName: cfg.QueueName, log: log,
		sends: make(chan *sending), queries: make(chan returnQuery), retiring: make(chan error, 1),
		lost: make(chan struct{}), ended: make(chan struct{}), blocked: make(chan struct{}),
	}
	// Unbuffered, so that a return has been seen before the confirmation that
	// follows it on the wire.
	returns := l.channel.NotifyReturn(make(chan amqp.Return))
	blocks := l.conn.NotifyBlocked(make(chan amqp.Blocking))
	go o.send()
	go o.watch(returns, blocks)
	return o, nil
}

// publish sends m and waits for its confirmation.
func (o *outlet) publish(ctx context.Context, m queue.Message) error {
	blocked := o.blockage()
	s := &sending{
		ctx: ctx, message: m, sequence: strconv.FormatUint(o.sequence.Add(1), 10), sent: make(chan sent, 1),
	}
	if isClosed(blocked) { // select takes either when both are ready
		return errBlocked
	}
	select {
	case o.sends <- s:
	case <-o.lost:
		return o.reason()
	case <-blocked:
		return errBlocked
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	out, err := await(ctx, o, blocked, s.sent)
	if err = cmp.Or(err, out.err); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if _, err := await(ctx, o, blocked, out.confirmation.Done()); err != nil {
		return fmt.Errorf("await confirmation: %w", err)
	}
	if !out.confirmation.Acked() {
		return o.refusal(ctx)
	}
	return o.routed(ctx, s.sequence)
}

// refusal is why a message was not taken: with the channel, which the broker
// closes where the user may not publish, all its confirmations end.
func (o *outlet) refusal(ctx context.Context) error {
	if !o.link.channel.IsClosed() {
		return errRefused
	}
	select {
	case <-o.lost:
		return o.reason()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// await receives from c unless the outlet, or the caller's patience, ends first.
func await[T any](ctx context.Context, o *outlet, blocked <-chan struct{}, c <-chan T) (T, error) {
	var none T
	select {
	case v := <-c:
		return v, nil
	case <-o.lost:
		return none, o.reason()
	case <-blocked:
		return none, errBlocked
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

// routed returns errUnroutable if the broker confirmed the message only to
// have thrown it away.
func (o *outlet) routed(ctx context.Context, sequence string) error {
	q := returnQuery{sequence, make(chan bool, 1)}
	select {
	case o.queries <- q:
	case <-o.lost:
		return o.reason()
	}
	returned, err := await(ctx, o, nil, q.answer)
	if err == nil && returned {
		return errUnroutable
	}
	return err
}

// send is the only goroutine that publishes on the channel.
func (o *outlet) send() {
	for {
		select {
		case <-o.lost:
			return
		case s := <-o.sends:
			confirmation, err := o.link.channel.PublishWithDeferredConfirmWithContext(
				s.ctx, amqp.DefaultExchange, o.queueName, true, false, amqp.Publishing{
					DeliveryMode: amqp.Persistent, MessageId: s.message.ID, CorrelationId: s.sequence,
					AppId: "vitrine", Body: s.message.Body,
				})
			s.sent <- sent{confirmation, err}
		}
	}
}

// watch follows the connection until it is lost or retired, then closes it.
func (o *outlet) watch(returns <-chan amqp.Return, blocks <-chan amqp.Blocking) {
	defer close(o.ended)
	returned := map[string]struct{}{}
	for {
		select {
		case r, open := <-returns:
			if open {
				returned[r.CorrelationId] = struct{}{}
			} else {
				returns = nil // the loss of the connection is announced below
			}
		case b, open := <-blocks:
			if open {
				o.setBlocked(b)
			} else {
				blocks = nil
			}
		case q := <-o.queries:
			_, found := returned[q.sequence]
			delete(returned, q.sequence)
			q.answer <- found
		case <-o.link.lost:
			o.lose(o.link.err, returns, blocks)
			return
		case err := <-o.retiring:
			o.lose(err, returns, blocks)
			return
		}
	}
}

func (o *outlet) setBlocked(b amqp.Blocking) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch already := isClosed(o.blocked); {
	case b.Active && !already:
		o.log.Warn("broker blocks publishers", "reason", b.Reason)
		close(o.blocked)
	case !b.Active && already:
		o.log.Info("broker takes messages again")
		o.blocked = make(chan struct{})
	}
}

// lose fails all who wait and closes the connection, meanwhile taking what the
// library would otherwise wait to hand over.
func (o *outlet) lose(err error, returns <-chan amqp.Return, blocks <-chan amqp.Blocking) {
	o.mu.Lock()
	o.err = err
	o.mu.Unlock()
	close(o.lost)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		if err := o.link.close(); err != nil {
			o.log.Debug("publisher connection not closed in order", "error", err)
		}
	}()
	for {
		select {
		case <-closed:
			return
		case _, open := <-returns:
			if !open {
				returns = nil
			}
		case _, open := <-blocks:
			if !open {
				blocks = nil
			}
		}
	}
}

// retire gives the outlet up; the next message gets a new one.
func (o *outlet) retire(reason error) {
	select {
	case o.retiring <- reason:
	default: // it is being given up already
	}
}

func (o *outlet) reason() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// blockage returns what is closed while the broker blocks publishers.
func (o *outlet) blockage() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.blocked
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
