package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/sqlstore/copysql"
)

// ErrNotEmpty is why a database is not filled with a copy.
var ErrNotEmpty = errors.New("the target has products or users already: a copy is made into an empty database only")

// notCopied are the tables about the database itself, about when it does what and has found what, and
// about who is alive or signed in.
func notCopied() []string {
	return []string{"goose_db_version", "schema_digest", "chores", "runs", "leases", "processes", "sessions"}
}

// CopyTo fills the target, a migrated database without products, with all that
// this one has at one moment: ids, sequences and the id of the installation
// are the same, but it has a new epoch and these external parts there, and what
// is leased here is free to be taken there, since the holders do not work on it. Before the commit, which nothing of it is seen without, it
// calls finish. See copysql.Copy. fault.Conflict with ErrNotEmpty, fault.Unavailable.
func (s *Store) CopyTo(
	ctx context.Context, target *Store, external []installation.Part, finish func(context.Context) error, progress func(table string, done, all int64),
) (rows map[string]int64, err error) {
	tables, err := tablesOfSchema(ctx)
	if err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	return copysql.Copy(ctx, s.DB, target.DB, copysql.Order{
		Tables: tables, Check: checkEmpty, Progress: progress,
		Finish: func(ctx context.Context, tx *sql.Tx) error {
			if err := target.endLeases(ctx, tx); err != nil {
				return err
			}
			if err := target.Moved(ctx, tx, external); err != nil {
				return err
			}
			return finish(ctx)
		},
	})
}

// CheckEmpty returns ErrNotEmpty where CopyTo would.
func (s *Store) CheckEmpty(ctx context.Context) error {
	return s.InTx(ctx, "check the target", checkEmpty)
}

// checkEmpty lets pass what the migrations make: one user.
func checkEmpty(ctx context.Context, tx *sql.Tx) error {
	var filled bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM products) OR (SELECT count(*) FROM users) > 1`).Scan(&filled)
	if err == nil && filled {
		return fault.Wrap(fault.Conflict, ErrNotEmpty.Error(), ErrNotEmpty)
	}
	return err
}

// tablesOfSchema reads them from a database that is made for this and removed.
func tablesOfSchema(ctx context.Context) (tables []copysql.Table, err error) {
	folder, err := os.MkdirTemp("", "vitrine-schema-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	empty, err := OpenSQLite(ctx, filepath.Join(folder, "empty.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, empty.Close()) }()
	if _, err := empty.Migrate(ctx); err != nil {
		return nil, err
	}
	return copysql.Tables(ctx, empty.DB, notCopied()...)
}
