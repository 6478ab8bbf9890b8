package sqldb

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"vitrine.dev/internal/backoff"
)

const (
	// notifyPause bounds how often a process notifies. NOTIFY inside the
	// writing transactions makes their commits wait for one another (16 clients
	// with fsync fell to a third of their commits and less), so it is sent
	// after them, once for many. One that is lost costs a poll.
	notifyPause = 20 * time.Millisecond
	listenPause = time.Second
	// listenSilence is how long nothing may be heard before the server is asked
	// whether it is still there, and answerTimeout how long it may take for
	// that or for any other of the small statements here.
	listenSilence = 30 * time.Second
	answerTimeout = 5 * time.Second
)

// notifier notifies other processes of this process's commits, and listens to
// theirs.
type notifier struct {
	pool    *pgxpool.Pool
	channel string
	log     *slog.Logger
	pending chan struct{} // of capacity 1
}

func newNotifier(pool *pgxpool.Pool, channel string, log *slog.Logger) *notifier {
	return &notifier{pool: pool, channel: channel, log: log, pending: make(chan struct{}, 1)}
}

func (n *notifier) committed() {
	select {
	case n.pending <- struct{}{}:
	default:
	}
}

func (n *notifier) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.pending:
		}
		if err := n.notify(ctx); err != nil && ctx.Err() == nil {
			n.log.DebugContext(ctx, "notification lost: listeners poll", "error", err)
		}
		_ = backoff.Sleep(ctx, notifyPause) // its end ends the loop
	}
}

// notify lets a notification end that was begun: a statement that is broken off
// as the process ends leaves a request to cancel it behind, at which some
// poolers end, too (https://github.com/pgbouncer/pgbouncer/issues/801).
func (n *notifier) notify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
	defer cancel()
	_, err := n.pool.Exec(ctx, "NOTIFY "+n.channel)
	return err
}

// listen calls wake at the notifications of others, over a connection of its own
// that is made again when it breaks.
func (n *notifier) listen(ctx context.Context, cfg *pgx.ConnConfig, wake func()) {
	for ctx.Err() == nil {
		if err := n.listenOnce(ctx, cfg, wake); err != nil && ctx.Err() == nil {
			n.log.DebugContext(ctx, "not listening: listeners poll", "error", err)
		}
		_ = backoff.Sleep(ctx, listenPause) // its end ends the loop
	}
}

func (n *notifier) listenOnce(ctx context.Context, cfg *pgx.ConnConfig, wake func()) error {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
		defer cancel()
		_ = conn.Close(closing)
	}()
	starting, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout) // as in notify
	defer cancel()
	if _, err := conn.Exec(starting, "LISTEN "+n.channel); err != nil {
		return err
	}
	wake() // for what was missed while not listening
	for {
		heard, err := waitForNotification(ctx, conn)
		if err != nil {
			return err
		}
		if heard {
			wake()
		}
	}
}

// waitForNotification returns false after a silence that was only that, and an
// error when the connection is dead.
func waitForNotification(ctx context.Context, conn *pgx.Conn) (heard bool, err error) {
	silence, cancel := context.WithTimeout(ctx, listenSilence)
	defer cancel()
	_, err = conn.WaitForNotification(silence)
	if err == nil || silence.Err() == nil || ctx.Err() != nil {
		return err == nil, err
	}
	ping, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return false, conn.Ping(ping)
}

// waker wakes listeners at commits. The zero value is ready.
type waker struct {
	mu        sync.Mutex
	listeners map[chan struct{}]bool // to own commits alone
	notify    func()                 // notifies other processes; nil where there is no need
}

// committed is called after each commit of this process.
func (w *waker) committed() {
	w.wake(true)
	if w.notify != nil {
		w.notify()
	}
}

// wake is called for commits of this process, and for those of others.
func (w *waker) wake(own bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c, alone := range w.listeners {
		if alone && !own {
			continue
		}
		select {
		case c <- struct{}{}:
		default: // it has not yet seen the last one
		}
	}
}

func (w *waker) listen(ctx context.Context, own bool) <-chan struct{} {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listeners == nil {
		w.listeners = make(map[chan struct{}]bool)
	}
	w.listeners[c] = own
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.listeners, c)
	})
	return c
}
