package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

const (
	// opTimeout bounds one use case, so that a database that hangs is
	// unavailable rather than waited for.
	opTimeout = 10 * time.Second
	// txTries bounds how often a transaction is run again that the database
	// broke off in favour of another.
	txTries = 5
	// lockPause is the wait before a file is tried again that another process
	// has kept locked for the whole busy timeout.
	lockPause = 10 * time.Millisecond
)

// WithRetry runs do, which is a single statement or one transaction, under the
// time limit: again where the database broke it off in favour of another, or
// where another process has locked the file. It translates the error.
func (db *DB) WithRetry(ctx context.Context, operation string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err := do(ctx)
		switch {
		case locked(err) && ctx.Err() == nil:
			_ = backoff.Sleep(ctx, lockPause) // where ctx ends, do says so
		case brokenOff(err) && try < txTries:
		default:
			return db.Translate(operation, err)
		}
	}
}

// WriteWithRetry is WithRetry for what changes rows: the end is observed.
func (db *DB) WriteWithRetry(ctx context.Context, operation string, do func(context.Context) error) error {
	return db.WithRetry(ctx, operation, func(ctx context.Context) error {
		err := do(ctx)
		db.Observe(err)
		return err
	})
}

// Observe passes on how a change ended (see OnWrite), where that says something
// about the database: a broken rule does not, nor does a change that was broken
// off in favour of another and is tried again.
func (db *DB) Observe(err error) {
	if db.onWrite == nil || locked(err) || brokenOff(err) {
		return
	}
	if err == nil || fault.KindOf(err) == fault.Internal && !errors.Is(err, context.Canceled) && unavailable(err) {
		db.onWrite(db.Translate("write", err))
	}
}

// InTxNotify is InTx for what may leave messages in the outbox: it notifies of
// the commit.
func (db *DB) InTxNotify(ctx context.Context, operation string, do func(context.Context, *sql.Tx) error) error {
	err := db.InTx(ctx, operation, do)
	if err == nil {
		db.Committed()
	}
	return err
}

// InTx runs a transaction of several statements. Do may be called more than once.
func (db *DB) InTx(ctx context.Context, operation string, do func(context.Context, *sql.Tx) error) error {
	return db.WriteWithRetry(ctx, operation, func(ctx context.Context) error { return db.transact(ctx, do) })
}

// Committed notifies of a commit that left messages without InTxNotify.
func (db *DB) Committed() { db.waker.committed() }

func (db *DB) transact(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	tx, err := db.Writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := do(ctx, tx); err != nil {
		// Where this fails the connection is gone or the database has rolled
		// back by itself: the transaction has ended in any case.
		_ = tx.Rollback()
		return err
	}
	err = tx.Commit()
	if errors.Is(err, sql.ErrTxDone) { // ctx ended, and with it the transaction
		err = errors.Join(err, context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
