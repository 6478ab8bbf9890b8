package sqldb

import (
	"context"
	"database/sql"
	"fmt"
)

// Along runs do, which only reads, with plans that go along indexes in their order:
// what is read ends with its limit, whatever the statistics say. All statements read one state of the
// database. It may be called again.
func (db *DB) Along(ctx context.Context, operation string, do func(context.Context, Querier) error) error {
	return db.planned(ctx, operation, inOrder, do)
}

// Turn waits until no other transaction, of any process, has the turn of the key, and takes it until the end
// of the transaction that from is. Of SQLite, which one process has, it does nothing.
func (db *DB) Turn(ctx context.Context, from Querier, key int64) error {
	if db.OneWriter {
		return nil
	}
	_, err := IDs(ctx, from, `SELECT 1 FROM pg_advisory_xact_lock($1::INT, hashint8($2))`, turns, key)
	return err
}

// turns sets the locks of Turn apart from all others. Keys of one hash wait for each other.
const turns = 1937002098

// WithReader runs do, which only reads by one statement, with whatever plans. It may be called again.
func (db *DB) WithReader(ctx context.Context, operation string, do func(context.Context, Querier) error) error {
	return db.WithRetry(ctx, operation, func(ctx context.Context) error { return do(ctx, db.Reader) })
}

// Through is Along with plans that collect what an index finds before they read the rows, for
// what few rows are expected of that are sorted afterwards. Each is made for its arguments.
func (db *DB) Through(ctx context.Context, operation string, do func(context.Context, Querier) error) error {
	return db.planned(ctx, operation, collected, do)
}

func (db *DB) planned(ctx context.Context, operation, settings string, do func(context.Context, Querier) error) error {
	return db.WithRetry(ctx, operation, func(ctx context.Context) error {
		options := &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
		if db.OneWriter { // SQLite plans so where an index has the order, and its transactions read one state
			options = nil
		}
		tx, err := db.Reader.BeginTx(ctx, options)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // nothing was written
		if db.OneWriter {
			return do(ctx, tx)
		}
		if _, err := tx.ExecContext(ctx, settings); err != nil {
			return fmt.Errorf("set how to plan: %w", err)
		}
		return do(ctx, tx)
	})
}

// inOrder has PostgreSQL neither sort nor collect what an index has in order, until
// the end of the transaction.
const inOrder = `SELECT set_config('enable_sort', 'off', TRUE), set_config('enable_bitmapscan', 'off', TRUE),
	set_config('enable_seqscan', 'off', TRUE), set_config('plan_cache_mode', 'force_generic_plan', TRUE), set_config('jit', 'off', TRUE)`

// collected has PostgreSQL go by bitmaps of indexes.
const collected = `SELECT set_config('enable_seqscan', 'off', TRUE), set_config('enable_indexscan', 'off', TRUE),
	set_config('enable_indexonlyscan', 'off', TRUE), set_config('plan_cache_mode', 'force_custom_plan', TRUE), set_config('jit', 'off', TRUE)`
