package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3/lock"

	"vitrine.dev/internal/backoff"
)

// migrationLockPause is between two tries to get the lock. No one waits for it
// inside a statement: its snapshot would hold up the very migrations that are
// waited for (CREATE INDEX CONCURRENTLY).
const migrationLockPause = 250 * time.Millisecond

// migrationLock lets one migrator at a time have a PostgreSQL database. It is
// an advisory lock of a transaction that stays open beside the migrations: the
// server drops it when its holder dies, and a pooler in transaction mode leaves
// the transaction its connection. Its key is that of goose's session lock, so
// that also the versions before this one are waited for.
type migrationLock struct{ tx *sql.Tx }

var _ lock.Locker = (*migrationLock)(nil)

// Lock implements lock.Locker.
func (l *migrationLock) Lock(ctx context.Context, db *sql.DB) error {
	for {
		// It ends with Unlock, not with this context.
		tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
		if err != nil {
			return fmt.Errorf("migration lock: %w", err)
		}
		held, err := tryLock(ctx, tx)
		if held {
			l.tx = tx
			return nil
		}
		if err := errors.Join(err, tx.Rollback()); err != nil {
			return fmt.Errorf("migration lock: %w", err)
		}
		if err := backoff.Sleep(ctx, migrationLockPause); err != nil {
			return fmt.Errorf("migration lock: another migration runs: %w", err)
		}
	}
}

func tryLock(ctx context.Context, tx *sql.Tx) (held bool, err error) {
	if _, err := tx.ExecContext(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
		return false, err
	}
	err = tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock($1)", lock.DefaultLockID).Scan(&held)
	return held, err
}

// Unlock implements lock.Locker.
func (l *migrationLock) Unlock(context.Context, *sql.DB) error {
	if err := l.tx.Rollback(); err != nil {
		return fmt.Errorf("migration lock: %w", err)
	}
	return nil
}
