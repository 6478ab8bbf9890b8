package authsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/sqldb"
)

// AddSession implements auth.Store.
func (s *Accounts) AddSession(ctx context.Context, d auth.Digest, key int64, life time.Duration, e auth.Entry) error {
	return s.db.InTx(ctx, "add session", func(ctx context.Context, tx *sql.Tx) error {
		added, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(`
			INSERT INTO sessions (digest, key_id, created_at, expires_at)
			SELECT $1, id, {now}, {now} + $3 FROM api_keys WHERE id = $2 AND`+usable), d[:], key, life.Milliseconds()))
		if err == nil && !added {
			err = auth.ErrUnknownKey
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, e, "key", key)
	})
}

// EndSession implements auth.Store.
func (s *Accounts) EndSession(ctx context.Context, d auth.Digest, e auth.Entry) error {
	return s.db.InTxNotify(ctx, "end session", func(ctx context.Context, tx *sql.Tx) error {
		var key, user int64
		err := tx.QueryRowContext(ctx, `
			DELETE FROM sessions WHERE digest = $1 RETURNING key_id, (SELECT user_id FROM api_keys k WHERE k.id = key_id)`, d[:]).Scan(&key, &user)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.keysChanged(ctx, tx, user, key); err != nil {
			return err
		}
		return s.record(ctx, tx, e, "key", key)
	})
}

// PurgeSessions implements auth.Store.
func (s *Accounts) PurgeSessions(ctx context.Context, limit int) (int, error) {
	return s.db.Exec(ctx, "purge sessions", `
		DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE expires_at <= {now} ORDER BY expires_at LIMIT $1)`, limit)
}

// KeyBySession implements auth.Lookup.
func (s *Accounts) KeyBySession(ctx context.Context, d auth.Digest) (k auth.Key, left time.Duration, err error) {
	err = s.db.WithRetry(ctx, "look up session", func(ctx context.Context) error {
		var now, until int64
		err := scanKey(s.db.Reader.QueryRowContext(ctx, s.db.SQL(`
			SELECT`+keyColumns+`, {now}, (SELECT s.expires_at FROM sessions s WHERE s.digest = $1)
			FROM api_keys WHERE id = (SELECT s.key_id FROM sessions s WHERE s.digest = $1) AND`+usable), d[:]), &k, &now, &until)
		if err != nil {
			return err
		}
		if !k.ExpiresAt.IsZero() {
			until = min(until, k.ExpiresAt.UnixMilli())
		}
		if left = time.Duration(until-now) * time.Millisecond; left <= 0 {
			return sqldb.NotFound("session")
		}
		return nil
	})
	return k, left, err
}
