package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"vitrine.dev/internal/fault"
)

// Schema is what a program keeps in its database.
type Schema struct {
	Migrations fs.FS    // goose's, in migrations/postgres and migrations/sqlite
	Tables     []string // that a process reads and writes
	Sequences  []string // of these, the ones whose column id has a sequence
	Probe      string   // a statement that writes and changes nothing
	Channel    string   // on which commits are notified: an SQL identifier
	Optional   OptionalIndex
	// Translate returns what a driver's error means to the program, or nil. It
	// comes before the engine's own translation.
	Translate func(error) error
}

// DB is a database. It is safe for concurrent use.
type DB struct {
	Dialect

	Writer *sql.DB
	Reader *sql.DB // the same as Writer on PostgreSQL

	pool    *pgxpool.Pool // below Writer on PostgreSQL, else nil
	schema  Schema
	waker   waker
	sharing sharing
	batches batches
	// optional says that the optional index was seen.
	optional atomic.Bool
	log      *slog.Logger
	onWrite  func(error)    // of changes that were made, or could not be; nil: not observed
	closers  []func() error // in the order of closing
}

// Ping reports whether the database answers; it writes nothing, see Probe.
// fault.Unavailable.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	return db.WithRetry(ctx, "ping", func(ctx context.Context) error {
		return db.Reader.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	})
}

// OnWrite has observe called with the end of every change: nil, or the error
// that says the database takes none. It is called before the database is used.
func (db *DB) OnWrite(observe func(error)) { db.onWrite = observe }

// Wake returns a channel that receives after commits that others wait for, of this
// process and of others, until ctx ends. Some may be missed: it replaces no poll.
func (db *DB) Wake(ctx context.Context) <-chan struct{} { return db.waker.listen(ctx, false) }

// WakeOwn is Wake for the commits of this process alone.
func (db *DB) WakeOwn(ctx context.Context) <-chan struct{} { return db.waker.listen(ctx, true) }

// Close releases the connections.
func (db *DB) Close() error {
	var errs []error
	for _, c := range db.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// Probe reports whether the database takes changes from this role now: it asks
// for the rights where there are any, and makes a change that means nothing.
// fault.Unavailable, with the missing right in its cause.
func (db *DB) Probe(ctx context.Context) error {
	return db.WithRetry(ctx, "probe", func(ctx context.Context) error {
		return db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if err := db.missingRight(ctx, tx); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, db.schema.Probe)
			return err
		})
	})
}

// missingRight returns an error that names a right which the role lacks, or nil.
func (db *DB) missingRight(ctx context.Context, tx *sql.Tx) error {
	if db.lackedRight == "" {
		return nil
	}
	var lacked string
	err := tx.QueryRowContext(ctx, db.lackedRight, strings.Join(db.schema.Tables, ","), strings.Join(db.schema.Sequences, ",")).Scan(&lacked)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for rights: %w", err)
	}
	return fault.Wrap(fault.Unavailable, "the database is not available", errors.New("the database role lacks "+lacked))
}
