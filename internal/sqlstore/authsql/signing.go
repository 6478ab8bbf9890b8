package authsql

import (
	"context"
	"database/sql"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/signing"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
)

// SigningKeys implements signing.Store.
func (s *Accounts) SigningKeys(ctx context.Context, first signing.Secret) ([]signing.Key, error) {
	keys, err := s.signingKeys(ctx)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	_, err = s.db.Exec(ctx, "make the first signing key", `
		INSERT INTO signing_keys (generation, secret, created_at) VALUES (1, $1, {now}) ON CONFLICT (generation) DO NOTHING`, first[:])
	if err != nil {
		return nil, err
	}
	return s.signingKeys(ctx)
}

func (s *Accounts) signingKeys(ctx context.Context) ([]signing.Key, error) {
	return sqldb.Select(ctx, s.db, "read signing keys", func(row sqldb.Row, k *signing.Key) error {
		var secret []byte
		var left int64
		err := row.Scan(&secret, &left)
		copy(k.Secret[:], secret)
		k.Left = time.Duration(left) * time.Millisecond
		return err
	}, `SELECT secret, CASE ends_at WHEN 0 THEN 0 ELSE ends_at - {now} END FROM signing_keys
		WHERE ends_at = 0 OR ends_at > {now} ORDER BY generation DESC`)
}

// RotateSigning implements auth.Store.
func (s *Accounts) RotateSigning(ctx context.Context, next signing.Secret, overlap time.Duration, e auth.Entry) error {
	return s.db.InTxNotify(ctx, "rotate the signing key", func(ctx context.Context, tx *sql.Tx) error {
		var id string // one rotation at a time
		if err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT id FROM installation{for update}`)).Scan(&id); err != nil {
			return err
		}
		for _, do := range []struct {
			statement string
			args      []any
		}{
			{`DELETE FROM signing_keys WHERE ends_at > 0 AND ends_at <= {now}`, nil},
			{`UPDATE signing_keys SET ends_at = {now} + $1 WHERE ends_at = 0 OR ends_at > {now} + $1`, []any{overlap.Milliseconds()}},
		} {
			if _, err := tx.ExecContext(ctx, s.db.SQL(do.statement), do.args...); err != nil {
				return err
			}
		}
		var generation int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`
			INSERT INTO signing_keys (generation, secret, created_at)
			SELECT coalesce(max(generation), 0) + 1, $1, {now} FROM signing_keys RETURNING generation`), next[:]).Scan(&generation)
		if err != nil {
			return err
		}
		if err := eventsql.Append(ctx, s.db, tx, events.Event{Type: events.SigningChanged}); err != nil {
			return err
		}
		return s.record(ctx, tx, e, "signing-key", generation)
	})
}
