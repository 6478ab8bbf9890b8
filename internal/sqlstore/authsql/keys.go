package authsql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
)

// usedAgain is for how long a use that another process has just written is not written again.
const usedAgain = 30 * time.Second

const (
	keyColumns = ` id, user_id, name, prefix, scopes, created_at, life, expires_at, revoked_at, last_used_at `
	usable     = ` revoked_at = 0 AND (expires_at = 0 OR expires_at > {now}) `
)

// scanKey reads a row of keyColumns, followed by more.
func scanKey(row interface{ Scan(into ...any) error }, k *auth.Key, more ...any) error {
	var scopes string
	var created, life, expires, revoked, used int64
	err := row.Scan(append([]any{&k.ID, &k.UserID, &k.Name, &k.Prefix, &scopes, &created, &life, &expires, &revoked, &used}, more...)...)
	if err != nil {
		return sqldb.NoRow(err, sqldb.NotFound("key"))
	}
	k.Scopes, k.CreatedAt = auth.ParseScopes(scopes), sqldb.Time(created)
	k.Life = time.Duration(life) * time.Millisecond
	k.ExpiresAt, k.RevokedAt, k.LastUsedAt = moment(expires), moment(revoked), moment(used)
	return nil
}

// AddKey implements auth.Store.
func (s *Accounts) AddKey(ctx context.Context, n auth.NewKey, e auth.Entry) (k auth.Key, err error) {
	err = s.db.InTx(ctx, "add key", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.insertKey(ctx, tx, n, &k); err != nil {
			return err
		}
		return s.record(ctx, tx, e, "key", k.ID)
	})
	return k, err
}

func (s *Accounts) insertKey(ctx context.Context, tx *sql.Tx, n auth.NewKey, k *auth.Key) error {
	expires := "0"
	if n.Life > 0 {
		expires = "{now} + $6"
	}
	err := scanKey(tx.QueryRowContext(ctx, s.db.SQL(`
		INSERT INTO api_keys (user_id, name, prefix, digest, scopes, created_at, life, expires_at)
		SELECT id, $2, $3, $4, $5, {now}, $6, `+expires+` FROM users WHERE id = $1 AND erasing_at = 0{for update} RETURNING`+keyColumns),
		n.UserID, n.Name, n.Prefix, n.Digest[:], n.Scopes.String(), n.Life.Milliseconds()), k)
	if fault.KindOf(err) == fault.NotFound {
		return auth.ErrUnknownUser
	}
	return err
}

// Key implements auth.Store.
func (s *Accounts) Key(ctx context.Context, id int64) (k auth.Key, err error) {
	err = s.db.WithRetry(ctx, "read key", func(ctx context.Context) error {
		return scanKey(s.db.Reader.QueryRowContext(ctx, `SELECT`+keyColumns+`FROM api_keys WHERE id = $1`, id), &k)
	})
	return k, err
}

// ListKeys implements auth.Store.
func (s *Accounts) ListKeys(ctx context.Context, user, after int64, limit int) ([]auth.Key, error) {
	var where sqldb.Where
	if user != 0 {
		where.Add("user_id = ?", user)
	}
	where.Add("id > ?", after)
	return sqldb.Select(ctx, s.db, "list keys", func(row sqldb.Row, k *auth.Key) error { return scanKey(row, k) },
		`SELECT`+keyColumns+`FROM api_keys`+where.String()+` ORDER BY id LIMIT `+where.Arg(limit), where.Args...)
}

// RevokeKey implements auth.Store.
func (s *Accounts) RevokeKey(ctx context.Context, id int64, e auth.Entry) (k auth.Key, err error) {
	err = s.db.InTxNotify(ctx, "revoke key", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.lockKey(ctx, tx, id, &k); err != nil || !k.RevokedAt.IsZero() {
			return err
		}
		err := scanKey(tx.QueryRowContext(ctx, s.db.SQL(`UPDATE api_keys SET revoked_at = {now} WHERE id = $1 RETURNING`+keyColumns), id), &k)
		if err != nil {
			return err
		}
		if err := s.keysChanged(ctx, tx, k.UserID, id); err != nil {
			return err
		}
		return s.record(ctx, tx, e, "key", id)
	})
	return k, err
}

// lockKey locks and reads a key, and the database's time where it is asked for.
func (s *Accounts) lockKey(ctx context.Context, tx *sql.Tx, id int64, k *auth.Key, now ...any) error {
	more := ""
	if len(now) > 0 {
		more = ", {now} "
	}
	return scanKey(tx.QueryRowContext(ctx, s.db.SQL(`SELECT`+keyColumns+more+`FROM api_keys WHERE id = $1{for update}`), id), k, now...)
}

// RotateKey implements auth.Store.
func (s *Accounts) RotateKey(
	ctx context.Context, id int64, overlap time.Duration, replace func(auth.Key, time.Time) (auth.NewKey, error), e auth.Entry,
) (k auth.Key, err error) {
	err = s.db.InTxNotify(ctx, "rotate key", func(ctx context.Context, tx *sql.Tx) error {
		var old auth.Key
		var now int64
		if err := s.lockKey(ctx, tx, id, &old, &now); err != nil {
			return err
		}
		n, err := replace(old, sqldb.Time(now))
		if err != nil {
			return err
		}
		if err := s.insertKey(ctx, tx, n, &k); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.db.SQL(`
			UPDATE api_keys SET expires_at = {now} + $2 WHERE id = $1 AND (expires_at = 0 OR expires_at > {now} + $2)`),
			id, overlap.Milliseconds())
		if err != nil {
			return err
		}
		if err := s.keysChanged(ctx, tx, old.UserID, id); err != nil {
			return err
		}
		if err := s.record(ctx, tx, e, "key", id); err != nil {
			return err
		}
		e.Action = auth.ActionCreateKey
		return s.record(ctx, tx, e, "key", k.ID)
	})
	return k, err
}

// KeyByDigest implements auth.Lookup.
func (s *Accounts) KeyByDigest(ctx context.Context, d auth.Digest) (auth.Key, time.Duration, error) {
	return s.liveKey(ctx, "digest = $1", d[:])
}

// LiveKey implements auth.Lookup.
func (s *Accounts) LiveKey(ctx context.Context, id int64) (auth.Key, time.Duration, error) {
	return s.liveKey(ctx, "id = $1", id)
}

// liveKey looks a key up that is neither revoked nor expired.
func (s *Accounts) liveKey(ctx context.Context, condition string, is any) (k auth.Key, left time.Duration, err error) {
	err = s.db.WithRetry(ctx, "look up key", func(ctx context.Context) error {
		var now int64
		err := scanKey(s.db.Reader.QueryRowContext(ctx, s.db.SQL(
			`SELECT`+keyColumns+`, {now} FROM api_keys WHERE `+condition+` AND`+usable), is), &k, &now)
		if err == nil && !k.ExpiresAt.IsZero() {
			if left = k.ExpiresAt.Sub(sqldb.Time(now)); left <= 0 { // within the same millisecond
				return sqldb.NotFound("key")
			}
		}
		return err
	})
	return k, left, err
}

// MarkUsed implements auth.Lookup.
func (s *Accounts) MarkUsed(ctx context.Context, ids []int64) error {
	in, args := sqldb.In(1, ids)
	_, err := s.db.Exec(ctx, "mark keys used", fmt.Sprintf(`
		UPDATE api_keys SET last_used_at = {now} WHERE id IN (%s) AND last_used_at < {now} - %d`, in, usedAgain.Milliseconds()), args...)
	return err
}

// HasKeys implements auth.Lookup.
func (s *Accounts) HasKeys(ctx context.Context) (has bool, err error) {
	err = s.db.WithRetry(ctx, "look for keys", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, s.db.SQL(`SELECT EXISTS (SELECT 1 FROM api_keys WHERE`+usable+`)`)).Scan(&has)
	})
	return has, err
}
