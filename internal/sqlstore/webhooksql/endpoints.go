package webhooksql

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/authsql"
	"vitrine.dev/internal/webhook"
)

// kind is what the audit log calls an endpoint.
const kind = "webhook"

// Webhooks implements webhook.Store and webhook.Outbox.
type Webhooks struct{ db *sqldb.DB }

// New returns the endpoints of the database.
func New(db *sqldb.DB) *Webhooks { return &Webhooks{db} }

const columns = ` w.id, w.user_id, w.name, w.url, w.types, w.secret, w.old_secret, w.old_until, w.created_at, w.updated_at,
	w.position, w.outstanding, w.again_after, w.again_until,
	w.failures, w.failing_since, w.warned_at, w.paused_until, w.disabled, w.disabled_at `

// scan reads a row of columns, followed by more.
func scan(row interface{ Scan(into ...any) error }, e *webhook.Endpoint, more ...any) error {
	var types, outstanding string
	var old, created, updated, failing, warned, paused, disabled int64
	err := row.Scan(append([]any{
		&e.ID, &e.UserID, &e.Name, &e.URL, &types, &e.Secret, &e.OldSecret, &old, &created, &updated,
		&e.Position, &outstanding, &e.Again.After, &e.Again.Until, &e.Failures, &failing, &warned, &paused, &e.Disabled, &disabled,
	}, more...)...)
	if err != nil {
		return sqldb.NoRow(err, webhook.ErrNotFound)
	}
	for t := range strings.FieldsSeq(types) {
		e.Types = append(e.Types, events.Type(t))
	}
	e.OldUntil, e.CreatedAt, e.UpdatedAt = moment(old), sqldb.Time(created), sqldb.Time(updated)
	e.FailingSince, e.WarnedAt, e.PausedUntil, e.DisabledAt = moment(failing), moment(warned), moment(paused), moment(disabled)
	return json.Unmarshal([]byte(outstanding), &e.Outstanding)
}

// moment is the zero time for 0.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return sqldb.Time(ms)
}

// millis is 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func typesText(types []events.Type) string {
	texts := make([]string, len(types))
	for i, t := range types {
		texts[i] = string(t)
	}
	return strings.Join(texts, " ")
}

// AddWebhook implements webhook.Store. The lock on the user's row has those who add at the
// same time count one after the other, and keeps the user from being erased meanwhile.
func (s *Webhooks) AddWebhook(ctx context.Context, e webhook.Endpoint, most int, by auth.Entry) (added webhook.Endpoint, err error) {
	err = s.db.InTx(ctx, "add webhook", func(ctx context.Context, tx *sql.Tx) error {
		var locked int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT id FROM users WHERE id = $1 AND erasing_at = 0{for update}`), e.UserID).Scan(&locked)
		if err != nil {
			return sqldb.NoRow(err, auth.ErrUnknownUser)
		}
		var there int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM webhooks WHERE user_id = $1`, e.UserID).Scan(&there); err != nil {
			return err
		}
		if there >= most {
			return webhook.ErrTooMany
		}
		added = webhook.Endpoint{}
		err = scan(tx.QueryRowContext(ctx, s.db.SQL(`
			INSERT INTO webhooks AS w (user_id, name, url, types, secret, position, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, {now}, {now}) RETURNING`+s.returned()),
			e.UserID, e.Name, e.URL, typesText(e.Types), string(e.Secret), e.Position), &added)
		if err != nil {
			return err
		}
		return authsql.Record(ctx, s.db, tx, by, kind, added.ID)
	})
	return added, err
}

// returned are the columns of a RETURNING, which on SQLite knows no alias.
func (s *Webhooks) returned() string { return strings.ReplaceAll(columns, "w.", "") }

// Webhook implements webhook.Store.
func (s *Webhooks) Webhook(ctx context.Context, id int64) (e webhook.Endpoint, err error) {
	err = s.db.WithRetry(ctx, "read webhook", func(ctx context.Context) error {
		e = webhook.Endpoint{}
		return scan(s.db.Reader.QueryRowContext(ctx, `SELECT`+columns+`FROM webhooks w WHERE id = $1`, id), &e)
	})
	return e, err
}

// ListWebhooks implements webhook.Store.
func (s *Webhooks) ListWebhooks(ctx context.Context, user, after int64, limit int) ([]webhook.Endpoint, error) {
	var where sqldb.Where
	if user != 0 {
		where.Add("user_id = ?", user)
	}
	where.Add("id > ?", after)
	return sqldb.Select(ctx, s.db, "list webhooks", func(row sqldb.Row, e *webhook.Endpoint) error { return scan(row, e) },
		`SELECT`+columns+`FROM webhooks w`+where.String()+` ORDER BY id LIMIT `+where.Arg(limit), where.Args...)
}

// lock reads an endpoint under the lock of its row, and the database's time.
func (s *Webhooks) lock(ctx context.Context, tx *sql.Tx, id int64, e *webhook.Endpoint) (now time.Time, err error) {
	var ms int64
	*e = webhook.Endpoint{}
	err = scan(tx.QueryRowContext(ctx, s.db.SQL(`SELECT`+columns+`, {now} FROM webhooks w WHERE id = $1{for update}`), id), e, &ms)
	return sqldb.Time(ms), err
}

// ReviseWebhook implements webhook.Store.
func (s *Webhooks) ReviseWebhook(
	ctx context.Context, id int64, revise func(webhook.Endpoint, time.Time) (webhook.Endpoint, error), by auth.Entry,
) (e webhook.Endpoint, err error) {
	err = s.db.InTx(ctx, "revise webhook", func(ctx context.Context, tx *sql.Tx) error {
		now, err := s.lock(ctx, tx, id, &e)
		if err != nil {
			return err
		}
		if e, err = revise(e, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE webhooks SET name = $2, url = $3, types = $4, secret = $5, old_secret = $6, old_until = $7, updated_at = $8,
				again_after = $9, again_until = $10 WHERE id = $1`,
			id, e.Name, e.URL, typesText(e.Types), string(e.Secret), string(e.OldSecret), millis(e.OldUntil), millis(e.UpdatedAt),
			e.Again.After, e.Again.Until)
		if err != nil {
			return err
		}
		if err := writeHealth(ctx, tx, id, e.Health); err != nil {
			return err
		}
		return authsql.Record(ctx, s.db, tx, by, kind, id)
	})
	return e, err
}

func writeHealth(ctx context.Context, tx *sql.Tx, id int64, h webhook.Health) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE webhooks SET failures = $2, failing_since = $3, warned_at = $4, paused_until = $5, disabled = $6, disabled_at = $7 WHERE id = $1`,
		id, h.Failures, millis(h.FailingSince), millis(h.WarnedAt), millis(h.PausedUntil), string(h.Disabled), millis(h.DisabledAt))
	return err
}

// RemoveWebhook implements webhook.Store.
func (s *Webhooks) RemoveWebhook(ctx context.Context, id int64, may func(webhook.Endpoint) error, by auth.Entry) error {
	return s.db.InTx(ctx, "remove webhook", func(ctx context.Context, tx *sql.Tx) error {
		var e webhook.Endpoint
		if _, err := s.lock(ctx, tx, id, &e); err != nil {
			return err
		}
		if err := may(e); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM webhooks WHERE id = $1`, id); err != nil {
			return err
		}
		return authsql.Record(ctx, s.db, tx, by, kind, id)
	})
}

// errHeld is what a holder meets that is not, or is no more, the one that records.
func errHeld() error {
	return fault.New(fault.Conflict, "another process delivers, or the webhook is no more")
}
