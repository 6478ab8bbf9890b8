package authsql

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/sqldb"
)

// Accounts implements auth.Store and, but for UserExists, auth.Lookup.
type Accounts struct{ db *sqldb.DB }

// New returns the accounts of the database.
func New(db *sqldb.DB) *Accounts { return &Accounts{db} }

// record writes the entry of what was done to the target of that id.
func (s *Accounts) record(ctx context.Context, tx *sql.Tx, e auth.Entry, kind string, id int64) error {
	return Record(ctx, s.db, tx, e, kind, id)
}

// Record writes the entry of what was done to the target of that id, of any table.
func Record(ctx context.Context, db *sqldb.DB, tx *sql.Tx, e auth.Entry, kind string, id int64) error {
	e.Target = kind + ":" + strconv.FormatInt(id, 10)
	_, err := tx.ExecContext(ctx, db.SQL(insertEntry), entryArgs(e)...)
	return err
}

const insertEntry = `
	INSERT INTO audit (at, user_id, key_prefix, address, request_id, action, target, outcome)
	VALUES ({now}, $1, $2, $3, $4, $5, $6, $7)`

func entryArgs(e auth.Entry) []any {
	return []any{e.UserID, e.KeyPrefix, e.Address, e.RequestID, e.Action, e.Target, e.Outcome}
}

// AppendAudit implements auth.Store.
func (s *Accounts) AppendAudit(ctx context.Context, e auth.Entry) error {
	_, err := s.db.Exec(ctx, "append to the audit log", insertEntry, entryArgs(e)...)
	return err
}

// ListAudit implements auth.Store.
func (s *Accounts) ListAudit(ctx context.Context, before int64, limit int) ([]auth.Entry, error) {
	var where sqldb.Where
	if before != 0 {
		where.Add("id < ?", before)
	}
	return sqldb.Select(ctx, s.db, "list audit log", func(row sqldb.Row, e *auth.Entry) error {
		var at int64
		err := row.Scan(&e.ID, &at, &e.UserID, &e.KeyPrefix, &e.Address, &e.RequestID, &e.Action, &e.Target, &e.Outcome)
		e.At = sqldb.Time(at)
		return err
	}, `SELECT id, at, user_id, key_prefix, address, request_id, action, target, outcome FROM audit`+where.String()+`
		ORDER BY id DESC LIMIT `+where.Arg(limit), where.Args...)
}

// PurgeAudit implements auth.Store.
func (s *Accounts) PurgeAudit(ctx context.Context, age time.Duration, limit int) (int, error) {
	return s.db.Exec(ctx, "purge audit log", `
		DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at <= {now} - $1 ORDER BY at LIMIT $2)`, age.Milliseconds(), limit)
}

// moment is the zero time for 0.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return sqldb.Time(ms)
}
