package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
)

// Schema is what a program keeps in its database.
type Schema struct {
	Migrations fs.FS    // goose's, in migrations/postgres and migrations/sqlite
	Tables     []string // that a process reads and writes
	Sequences  []string // of these, the ones whose column id has a sequence
	Probe      string   // a statement that writes and changes nothing
	Channel    string   // on which commits are notified: an SQL identifier
	// Translate returns what a driver's error means to the program, or nil. It
	// comes before the engine's own translation.
	Translate func(error) error
}

// DB is a database. It is safe for concurrent use.
type DB struct {
	Dialect

	Writer *sql.DB
	Reader *sql.DB // the same as Writer on PostgreSQL

	schema  Schema
	waker   waker
	log     *slog.Logger
	onWrite func(error)    // of changes that were made, or could not be; nil: not observed
	closers []func() error // in the order of closing
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

// Wake returns a channel that receives after commits that leave messages, of this
// process and of others, until ctx ends. Some may be missed: it replaces no poll.
func (db *DB) Wake(ctx context.Context) <-chan struct{} { return db.waker.listen(ctx) }

// Close releases the connections.
func (db *DB) Close() error {
	var errs []error
	for _, c := range db.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}
