package eventsql

import (
	"context"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
)

// errHeld is what a holder meets that is not, or is no more, the reader's.
func errHeld() error { return fault.New(fault.Conflict, "another process reads under this name") }

// LeaseReader implements events.Positions.
func (s *Log) LeaseReader(ctx context.Context, name, holder string, lease time.Duration) (position int64, err error) {
	err = s.db.WithRetry(ctx, "lease event reader", func(ctx context.Context) error {
		err := s.db.Writer.QueryRowContext(ctx, s.db.SQL(`
			INSERT INTO event_readers (name, holder, lease_until) VALUES ($1, $2, {now} + $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
			WHERE event_readers.holder = excluded.holder OR event_readers.lease_until <= {now}
			RETURNING position`), name, holder, lease.Milliseconds()).Scan(&position)
		return sqldb.NoRow(err, errHeld())
	})
	return position, err
}

// SaveReader implements events.Positions.
func (s *Log) SaveReader(ctx context.Context, name, holder string, position int64, lease time.Duration) error {
	saved, err := s.db.Exec(ctx, "save event reader",
		`UPDATE event_readers SET position = $3, lease_until = {now} + $4 WHERE name = $1 AND holder = $2`,
		name, holder, position, lease.Milliseconds())
	if err == nil && saved == 0 {
		return errHeld()
	}
	return err
}

// ReleaseReader implements events.Positions.
func (s *Log) ReleaseReader(ctx context.Context, name, holder string) error {
	_, err := s.db.Exec(ctx, "release event reader",
		`UPDATE event_readers SET lease_until = 0 WHERE name = $1 AND holder = $2`, name, holder)
	return err
}
