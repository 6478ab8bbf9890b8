package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
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

// InTxNotify is InTx for what others wait for, work or events: it notifies of the
// commit.
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

// TryAlone runs a short transaction that no other process with the same key runs
// at the same time: locked is false where one does. It is for work that is looked
// for again and again: an end of do that has written nothing is not observed, the
// commit need not be on disk when it returns, so that a loss of power may undo it, and then all after it, and a
// process that stops inside it stops the others of a server for at most five seconds.
func (db *DB) TryAlone(
	ctx context.Context, operation string, key int64, do func(context.Context, *sql.Tx) (wrote bool, err error),
) (locked bool, err error) {
	err = db.WithRetry(ctx, operation, func(ctx context.Context) error {
		var wrote bool
		err := db.transactUnsynced(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if locked, err = db.tryLocked(ctx, tx, key); err != nil || !locked {
				return err
			}
			wrote, err = do(ctx, tx)
			return err
		})
		if wrote || err != nil {
			db.Observe(err)
		}
		return err
	})
	return locked, err
}

func (db *DB) tryLocked(ctx context.Context, tx *sql.Tx, key int64) (locked bool, err error) {
	if db.tryLock == "" {
		return true, nil
	}
	settings := make([]any, 12) // what the statement has set, beside the lock
	for i := range settings {
		settings[i] = new(string)
	}
	settings[0] = &locked
	err = tx.QueryRowContext(ctx, db.tryLock, key).Scan(settings...)
	return locked, err
}

// Committed notifies of a commit without InTxNotify that others wait for.
func (db *DB) Committed() { db.waker.committed() }

// CommittedOwn wakes those who listen to this process's own commits, or to all, here alone.
func (db *DB) CommittedOwn() { db.waker.wake(true) }

// transactUnsynced is transact that does not wait for the disk: of a server the statement that takes the lock says so.
func (db *DB) transactUnsynced(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	if db.syncOff == "" {
		return db.transact(ctx, do)
	}
	conn, err := db.Writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = conn.Close() }() // which gives it back
	defer func() {
		if _, failed := conn.ExecContext(context.WithoutCancel(ctx), db.syncOn); failed != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // what it writes next must be synced: it is closed
		}
	}()
	if _, err := conn.ExecContext(ctx, db.syncOff); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return transactOn(ctx, conn, do)
}

func (db *DB) transact(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	return transactOn(ctx, db.Writer, do)
}

// beginner is a *sql.DB or a *sql.Conn.
type beginner interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

func transactOn(ctx context.Context, on beginner, do func(context.Context, *sql.Tx) error) error {
	tx, err := on.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	// Also where do panics. Where this fails the transaction has ended: by the commit, by the database itself or with
	// the connection.
	defer func() { _ = tx.Rollback() }()
	if err := do(ctx, tx); err != nil {
		return ended(ctx, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", ended(ctx, err))
	}
	return nil
}

// ended adds why to the error of a transaction that ended with its context, which
// shows at the commit or at the statement before.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return errors.Join(err, context.Cause(ctx))
	}
	return err
}
