package sqlstore

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	channel = "vitrine_outbox"
	// notifyPause bounds how often a process notifies. NOTIFY inside the
	// writing transactions would make their commits wait for one another, so
	// it is sent after them, once for many.
	notifyPause = 20 * time.Millisecond
	listenPause = time.Second
)

// notifier tells other processes of this process's commits.
type notifier struct {
	pool    *pgxpool.Pool
	log     *slog.Logger
	pending chan struct{} // of capacity 1
}

func newNotifier(pool *pgxpool.Pool, log *slog.Logger) *notifier {
	return &notifier{pool: pool, log: log, pending: make(chan struct{}, 1)}
}

func (n *notifier) commit() {
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
		if _, err := n.pool.Exec(ctx, "NOTIFY "+channel); err != nil && ctx.Err() == nil {
			n.log.DebugContext(ctx, "notification lost; relays poll", "error", err)
		}
		pause(ctx, notifyPause)
	}
}

// listen wakes this process's relays at the notifications of others, over a
// connection of its own that is made anew when it breaks.
func (s *Store) listen(ctx context.Context, cfg *pgx.ConnConfig) {
	for ctx.Err() == nil {
		if err := s.listenOnce(ctx, cfg); err != nil && ctx.Err() == nil {
			s.log.DebugContext(ctx, "not listening; relays poll", "error", err)
		}
		pause(ctx, listenPause)
	}
}

func (s *Store) listenOnce(ctx context.Context, cfg *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	s.waker.wake() // for what was missed while not listening
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
		s.waker.wake()
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
