package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pressly/goose/v3/lock"

	"vitrine.dev/internal/backoff"
)

// OptionalIndex is an index of a PostgreSQL database that needs extensions, which a role
// may not be allowed to have, or the server may lack. Without it all works, but slower.
type OptionalIndex struct {
	Name       string
	Extensions []string
	// Create makes it CONCURRENTLY; {name} is the schema of the extension of that name.
	Create string
}

// HasOptional reports whether the optional index is there and complete, as it is on
// SQLite. Once it was it is not asked for again.
func (db *DB) HasOptional(ctx context.Context) (there bool, err error) {
	if db.OneWriter || db.optional.Load() {
		return true, nil
	}
	err = db.WithRetry(ctx, "look for an index", func(ctx context.Context) error {
		return db.Reader.QueryRowContext(ctx,
			`SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid)`, db.schema.Optional.Name).Scan(&there)
	})
	if there {
		db.optional.Store(true)
	}
	return there, err
}

// addOptional makes the optional index where it is missing and can be had. Others can write
// meanwhile. Where it cannot be had, the log says so.
func (db *DB) addOptional(ctx context.Context) (err error) {
	if there, err := db.HasOptional(ctx); err != nil || there {
		return err
	}
	var lock migrationLock
	if err := lock.Lock(ctx, db.Writer); err != nil {
		return db.Translate("add an index", err)
	}
	defer func() { err = errors.Join(err, lock.Unlock(ctx, db.Writer)) }()
	if there, err := db.HasOptional(ctx); err != nil || there {
		return err
	}
	if missing := db.makeOptional(ctx); missing != nil {
		if ctx.Err() != nil {
			return db.Translate("add an index", missing)
		}
		db.warnOfOptional(ctx, missing)
	}
	return nil
}

var errMissing = errors.New("it is made by `vitrine migrate`")

// WarnOfOptional says in the log where the optional index is missing.
func (db *DB) WarnOfOptional(ctx context.Context) {
	if there, err := db.HasOptional(ctx); err == nil && !there {
		db.warnOfOptional(ctx, errMissing)
	}
}

func (db *DB) warnOfOptional(ctx context.Context, why error) {
	db.log.WarnContext(ctx, "an optional index is missing: what would use it reads more",
		"index", db.schema.Optional.Name, "extensions", db.schema.Optional.Extensions, "error", why)
}

func (db *DB) makeOptional(ctx context.Context) error {
	index := db.schema.Optional
	create := index.Create
	for _, name := range index.Extensions {
		if _, err := db.Writer.ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS `+name); err != nil {
			return fmt.Errorf("extension %s: %w", name, err)
		}
		var schema string
		err := db.Writer.QueryRowContext(ctx, `SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
			WHERE extname = $1`, name).Scan(&schema)
		if err != nil {
			return fmt.Errorf("extension %s: %w", name, err)
		}
		create = strings.ReplaceAll(create, "{"+name+"}", schema)
	}
	// What another try has left that did not come to its end.
	if _, err := db.Writer.ExecContext(ctx, `DROP INDEX CONCURRENTLY IF EXISTS `+index.Name); err != nil {
		return err
	}
	_, err := db.Writer.ExecContext(ctx, create)
	return err
}

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

// tryLock ends with a statement that has no snapshot: that of the one before it is kept until
// there is another one.
func tryLock(ctx context.Context, tx *sql.Tx) (held bool, err error) {
	if err = tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock($1)", lock.DefaultLockID).Scan(&held); err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0")
	return held && err == nil, err
}

// Unlock implements lock.Locker.
func (l *migrationLock) Unlock(context.Context, *sql.DB) error {
	if err := l.tx.Rollback(); err != nil {
		return fmt.Errorf("migration lock: %w", err)
	}
	return nil
}
