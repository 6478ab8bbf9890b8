package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/outbox"
)

const (
	// opTimeout bounds one use case, so that a database that hangs is
	// unavailable rather than waited for.
	opTimeout = 10 * time.Second
	// txTries bounds how often a transaction is run anew that the database
	// broke off for the sake of another.
	txTries = 5
	// lockPause is how long a writer stays away from a file that another
	// process has kept locked for the whole busy timeout.
	lockPause = 10 * time.Millisecond
)

var (
	_ catalog.Store  = (*Store)(nil)
	_ catalog.Keys   = (*Store)(nil)
	_ media.Store    = (*Store)(nil)
	_ outbox.Store   = (*Store)(nil)
	_ fsck.Store     = (*Store)(nil)
	_ failures.Store = (*Store)(nil)
	_ job.Store      = (*Store)(nil)
)

// Store is a database. It is safe for concurrent use.
type Store struct {
	write   *sql.DB
	read    *sql.DB // the same as write on PostgreSQL
	dialect dialect
	waker   waker
	log     *slog.Logger
	heard   func(error)    // of changes that were made, or could not be; nil: no one listens
	closers []func() error // in the order of closing
}

// Ping reports whether the database answers; it writes nothing, see Probe.
// fault.Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.patiently(ctx, "ping", func(ctx context.Context) error {
		return s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	})
}

// Close releases the connections.
func (s *Store) Close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// change is quietChange for what may leave messages in the outbox: it wakes
// the relays after the commit.
func (s *Store) change(ctx context.Context, operation string, do func(context.Context, *sql.Tx) error) error {
	err := s.quietChange(ctx, operation, do)
	if err == nil {
		s.waker.committed()
	}
	return err
}

// quietChange runs a transaction of several statements.
func (s *Store) quietChange(ctx context.Context, operation string, do func(context.Context, *sql.Tx) error) error {
	return s.writing(ctx, operation, func(ctx context.Context) error { return s.transact(ctx, do) })
}

// writing is patiently for what changes rows, or fails: whoever watches over
// the database hears of it.
func (s *Store) writing(ctx context.Context, operation string, do func(context.Context) error) error {
	return s.patiently(ctx, operation, func(ctx context.Context) error {
		err := do(ctx)
		s.observe(err)
		return err
	})
}

// observe passes on how a change ended, where that says something of the
// database: neither does a rule that was broken, nor one that was broken off for
// the sake of another and is tried again.
func (s *Store) observe(err error) {
	if s.heard == nil || locked(err) || brokenOff(err) {
		return
	}
	if err == nil || fault.KindOf(err) == fault.Internal && !errors.Is(err, context.Canceled) && unavailable(err) {
		s.heard(translate("write", err))
	}
}

// patiently runs do, which is a single statement or one transaction, under the
// time limit: anew where the database broke it off for another's sake, or where
// another process has the file to itself. It translates the error.
func (s *Store) patiently(ctx context.Context, operation string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err := do(ctx)
		switch {
		case locked(err) && ctx.Err() == nil:
			pause(ctx, lockPause)
		case brokenOff(err) && try < txTries:
		default:
			return translate(operation, err)
		}
	}
}

func (s *Store) transact(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
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

func (s *Store) sql(text string) string { return s.dialect.sql(text) }

// affected reports whether the statement changed a row.
func affected(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

func notFound(what string) error { return fault.New(fault.NotFound, "there is no such "+what) }
