package sqldb

import (
	"context"
	"database/sql"
	"fmt"
)

// Along runs do, which only reads, with plans that go along indexes in their order:
// what is read ends with its limit, whatever the statistics say. It may be called again.
func (db *DB) Along(ctx context.Context, operation string, do func(context.Context, Querier) error) error {
	return db.WithRetry(ctx, operation, func(ctx context.Context) error {
		if db.OneWriter { // SQLite does so where an index has the order
			return do(ctx, db.Reader)
		}
		tx, err := db.Reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // nothing was written
		if _, err := tx.ExecContext(ctx, inOrder); err != nil {
			return fmt.Errorf("set how to plan: %w", err)
		}
		return do(ctx, tx)
	})
}

// inOrder has PostgreSQL neither sort nor collect what an index has in order, until
// the end of the transaction.
const inOrder = `SELECT set_config('enable_sort', 'off', TRUE), set_config('enable_bitmapscan', 'off', TRUE),
	set_config('enable_seqscan', 'off', TRUE), set_config('jit', 'off', TRUE)`
