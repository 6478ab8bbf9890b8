package sqlstore

import (
	"context"
	"log/slog"
)

// Exec runs a statement that no port offers.
func (s *Store) Exec(ctx context.Context, statement string, args ...any) error {
	_, err := s.write.ExecContext(ctx, s.sql(statement), args...)
	return err
}

// NotifyStopped notifies as a process does that is told to stop meanwhile.
func NotifyStopped(ctx context.Context, cfg PostgresConfig) error {
	pool, err := newPool(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	stopped, stop := context.WithCancel(ctx)
	stop()
	return newNotifier(pool, slog.New(slog.DiscardHandler)).notify(stopped)
}
