package authsql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/catalogsql"
	"vitrine.dev/internal/sqlstore/importsql"
	"vitrine.dev/internal/sqlstore/jobsql"
)

// maxErased is how many products one step deletes at most: each has up to
// catalog.MaxImages images, and the transaction is to be short.
const maxErased = 50

// maxDeliveries is how many deliveries to webhooks, and results of imports, one step deletes at most.
const maxDeliveries = 2000

// countProducts counts along an index of the user's products (TestPlans).
const countProducts = `SELECT count(*) FROM products WHERE user_id = $1`

// EraseUser implements auth.Store. The products are counted before the transaction, which
// a large count would make long.
func (s *Accounts) EraseUser(ctx context.Context, id int64, j job.Job, e auth.Entry) (made job.Job, err error) {
	err = s.db.Along(ctx, "count products of user", func(ctx context.Context, from sqldb.Querier) error {
		j.Total, err = sqldb.Number(ctx, from, countProducts, id)
		return err
	})
	if err != nil {
		return made, err
	}
	err = s.db.InTxNotify(ctx, "begin to erase user", func(ctx context.Context, tx *sql.Tx) error {
		erasing, err := s.lockErased(ctx, tx, id)
		if err != nil {
			return err
		}
		if erasing {
			made, err = jobsql.Erasure(ctx, tx, j.Input)
			return err
		}
		var now int64
		err = tx.QueryRowContext(ctx, s.db.SQL(`UPDATE users SET erasing_at = {now} WHERE id = $1 RETURNING erasing_at`), id).Scan(&now)
		if err != nil {
			return err
		}
		keys, err := sqldb.IDs(ctx, tx, s.db.SQL(`UPDATE api_keys SET revoked_at = {now} WHERE user_id = $1 AND revoked_at = 0 RETURNING id`), id)
		if err != nil {
			return err
		}
		if err := s.keysChanged(ctx, tx, id, keys...); err != nil {
			return err
		}
		j.AsOf = sqldb.Time(now)
		if made, err = jobsql.Create(ctx, s.db, tx, j); err != nil {
			return err
		}
		return s.record(ctx, tx, e, "user", id)
	})
	return made, err
}

// lockErased locks the user's row, so that no key and no product is made meanwhile, and
// reports whether the user is being erased. fault.NotFound.
func (s *Accounts) lockErased(ctx context.Context, tx *sql.Tx, id int64) (erasing bool, err error) {
	err = tx.QueryRowContext(ctx, s.db.SQL(`SELECT erasing_at > 0 FROM users WHERE id = $1{for update}`), id).Scan(&erasing)
	return erasing, sqldb.NoRow(err, sqldb.NotFound("user"))
}

// Erasure implements auth.Store.
func (s *Accounts) Erasure(ctx context.Context, user int64) (j job.Job, err error) {
	err = s.db.WithRetry(ctx, "read erasure of user", func(ctx context.Context) error {
		j, err = jobsql.Erasure(ctx, s.db.Reader, auth.ErasureInput(user))
		return err
	})
	return j, err
}

// removeKeys removes at most limit API keys of the user, which were revoked before, and reports
// whether there were any.
func (s *Accounts) removeKeys(ctx context.Context, tx *sql.Tx, user int64, limit int) (bool, error) {
	keys, err := sqldb.IDs(ctx, tx, `
		DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys WHERE user_id = $1 ORDER BY id LIMIT $2) RETURNING id`, user, limit)
	return len(keys) > 0, err
}

// AdvanceErasure implements erasure.Store. Every step has the user's row locked and looks for
// products first: a create that had read the user before the mark may commit after it. It
// takes a lock on the user's row for its reference, and so has committed before the last
// step or finds no user after it.
func (s *Accounts) AdvanceErasure(ctx context.Context, b job.Batch) (j job.Job, changed []catalog.Changed, err error) {
	err = s.db.InTxNotify(ctx, "erase user", func(ctx context.Context, tx *sql.Tx) error {
		changed = nil
		if j, _, _, err = jobsql.Lock(ctx, s.db, tx, b); err != nil {
			return err
		}
		user, err := auth.ErasedUser(j)
		if err != nil {
			return err
		}
		if err := importsql.AbortOf(ctx, s.db, tx, user); err != nil {
			return err
		}
		_, err = s.lockErased(ctx, tx, user)
		if fault.KindOf(err) == fault.NotFound { // removed otherwise, which takes a user without products
			j, err = jobsql.Finish(ctx, s.db, tx, b.JobID)
			return err
		}
		if err != nil {
			return err
		}
		if changed, err = catalogsql.DropOfUser(ctx, s.db, tx, user, min(b.Limit, maxErased)); err != nil {
			return err
		}
		rest := false
		for _, statement := range []string{
			`DELETE FROM idempotency_keys WHERE user_id = $1 AND key IN (
				SELECT key FROM idempotency_keys WHERE user_id = $1 ORDER BY key LIMIT $2)`,
			`DELETE FROM bulk_keys WHERE user_id = $1 AND (key, part) IN (
				SELECT key, part FROM bulk_keys WHERE user_id = $1 ORDER BY key, part LIMIT $2)`,
			`DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE user_id = $1 LIMIT $2)`,
		} {
			some, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(statement), user, b.Limit))
			if err != nil {
				return err
			}
			rest = rest || some
		}
		deliveries, err := sqldb.Affected(tx.ExecContext(ctx, `
			DELETE FROM webhook_deliveries WHERE id IN (
				SELECT d.id FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE w.user_id = $1 LIMIT $2)`, user, maxDeliveries))
		if err != nil {
			return err
		}
		rows, err := importsql.Drop(ctx, s.db, tx, user, maxDeliveries)
		if err != nil {
			return err
		}
		revoked := false
		if len(changed) == 0 && !rest && !deliveries && !rows {
			if revoked, err = s.removeKeys(ctx, tx, user, b.Limit); err != nil {
				return err
			}
		}
		if len(changed) > 0 || rest || deliveries || rows || revoked {
			j, err = jobsql.Advance(ctx, s.db, tx, b, int64(len(changed)), 0, "")
			return err
		}
		if err := s.remove(ctx, tx, user, auth.ErasedEntry(j)); err != nil {
			return err
		}
		j, err = jobsql.Finish(ctx, s.db, tx, b.JobID)
		return err
	})
	return j, changed, err
}
