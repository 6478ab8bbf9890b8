package authsql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
)

const userColumns = ` id, name, email, created_at, erasing_at `

func scanUser(row interface{ Scan(into ...any) error }, u *auth.User) error {
	var created, erasing int64
	err := row.Scan(&u.ID, &u.Name, &u.Email, &created, &erasing)
	u.CreatedAt, u.ErasingSince = sqldb.Time(created), moment(erasing)
	return sqldb.NoRow(err, sqldb.NotFound("user"))
}

// AddUser implements auth.Store.
func (s *Accounts) AddUser(ctx context.Context, d auth.UserDraft, e auth.Entry) (u auth.User, err error) {
	err = s.db.InTx(ctx, "add user", func(ctx context.Context, tx *sql.Tx) error {
		err := scanUser(tx.QueryRowContext(ctx, s.db.SQL(
			`INSERT INTO users (name, email, created_at) VALUES ($1, $2, {now}) RETURNING`+userColumns), d.Name, d.Email), &u)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, e, "user", u.ID)
	})
	return u, err
}

// User implements auth.Store.
func (s *Accounts) User(ctx context.Context, id int64) (u auth.User, err error) {
	err = s.db.WithRetry(ctx, "read user", func(ctx context.Context) error {
		return scanUser(s.db.Reader.QueryRowContext(ctx, `SELECT`+userColumns+`FROM users WHERE id = $1`, id), &u)
	})
	return u, err
}

// ListUsers implements auth.Store.
func (s *Accounts) ListUsers(ctx context.Context, after int64, limit int) ([]auth.User, error) {
	return sqldb.Select(ctx, s.db, "list users", func(row sqldb.Row, u *auth.User) error { return scanUser(row, u) },
		`SELECT`+userColumns+`FROM users WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// ReviseUser implements auth.Store.
func (s *Accounts) ReviseUser(
	ctx context.Context, id int64, revise func(auth.User) (auth.User, error), e auth.Entry,
) (u auth.User, err error) {
	err = s.db.InTx(ctx, "revise user", func(ctx context.Context, tx *sql.Tx) error {
		err := scanUser(tx.QueryRowContext(ctx, s.db.SQL(`SELECT`+userColumns+`FROM users WHERE id = $1{for update}`), id), &u)
		if err != nil {
			return err
		}
		if u, err = revise(u); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET name = $2, email = $3 WHERE id = $1`, id, u.Name, u.Email); err != nil {
			return err
		}
		return s.record(ctx, tx, e, "user", id)
	})
	return u, err
}

// RemoveUser implements auth.Store.
func (s *Accounts) RemoveUser(ctx context.Context, id int64, e auth.Entry) error {
	return s.db.InTxNotify(ctx, "remove user", func(ctx context.Context, tx *sql.Tx) error {
		var locked int64 // no product can be created for the user from here on
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT id FROM users WHERE id = $1{for update}`), id).Scan(&locked)
		if err != nil {
			return sqldb.NoRow(err, sqldb.NotFound("user"))
		}
		var owns bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM products WHERE user_id = $1)`, id).Scan(&owns); err != nil {
			return err
		}
		if owns {
			return fault.New(fault.Conflict, "the user has products; delete them first, or with cascade")
		}
		return s.remove(ctx, tx, id, e)
	})
}

// remove removes a user without products, whose row is locked.
func (s *Accounts) remove(ctx context.Context, tx *sql.Tx, id int64, e auth.Entry) error {
	keys, err := sqldb.IDs(ctx, tx, `SELECT id FROM api_keys WHERE user_id = $1`, id)
	if err != nil {
		return err
	}
	for _, statement := range []string{
		`DELETE FROM api_keys WHERE user_id = $1`, `DELETE FROM idempotency_keys WHERE user_id = $1`,
		`DELETE FROM bulk_keys WHERE user_id = $1`, `DELETE FROM uploads WHERE user_id = $1`,
		`DELETE FROM webhooks WHERE user_id = $1`, `DELETE FROM users WHERE id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, statement, id); err != nil {
			return err
		}
	}
	if err := s.keysChanged(ctx, tx, id, keys...); err != nil {
		return err
	}
	return s.record(ctx, tx, e, "user", id)
}

// keysChanged records that keys of the user, whose rows were written before, have
// changed.
func (s *Accounts) keysChanged(ctx context.Context, tx *sql.Tx, user int64, keys ...int64) error {
	list := make([]events.Event, len(keys))
	for i, id := range keys {
		list[i] = events.Event{Type: events.KeyChanged, UserID: user, Data: events.Data{Key: id}}
	}
	return eventsql.Append(ctx, s.db, tx, list...)
}
