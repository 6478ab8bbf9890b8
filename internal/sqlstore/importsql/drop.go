package importsql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/jobsql"
)

// Drop removes at most limit rows of the user's imports, and then the imports, and reports whether
// there were any. Their jobs are aborted: see AbortOf.
func Drop(ctx context.Context, db *sqldb.DB, tx *sql.Tx, user int64, limit int) (bool, error) {
	some, err := sqldb.Affected(tx.ExecContext(ctx, db.SQL(`
		DELETE FROM import_rows WHERE (import_id, line) IN (
			SELECT import_id, line FROM import_rows WHERE import_id IN (SELECT job_id FROM imports WHERE user_id = $1) LIMIT $2)`), user, limit))
	if err != nil || some {
		return some, err
	}
	return sqldb.Affected(tx.ExecContext(ctx, `DELETE FROM imports WHERE user_id = $1`, user))
}

// AbortOf aborts the jobs of the user's imports. It comes before a lock of the user: the steps of
// imports lock in this order.
func AbortOf(ctx context.Context, db *sqldb.DB, tx *sql.Tx, user int64) error {
	ids, err := sqldb.IDs(ctx, tx, db.SQL(`SELECT id FROM dead_jobs WHERE id IN (SELECT job_id FROM imports WHERE user_id = $1)
		AND state IN ('running', 'paused') ORDER BY id{for update}`), user)
	for _, id := range ids {
		if err == nil {
			_, err = jobsql.Abort(ctx, db, tx, id)
		}
	}
	return err
}
