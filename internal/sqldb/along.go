package sqldb

import (
	"context"
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

func (db *DB) planned(ctx context.Context, operation, begin string, do func(context.Context, Querier) error) error {
	return db.WithRetry(ctx, operation, func(ctx context.Context) error {
		if db.OneWriter { // SQLite plans so where an index has the order, and its transactions read one state
			begin = "BEGIN"
		}
		conn, err := db.Reader.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		// In one round trip; database/sql would take two. The pool closes a connection that comes back within a transaction.
		if _, err := conn.ExecContext(ctx, begin); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		defer func() { // nothing was written
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), opTimeout)
			defer cancel()
			_, _ = conn.ExecContext(end, "ROLLBACK")
		}()
		return do(ctx, conn)
	})
}

// readOnce begins a transaction whose statements read one state of the database.
const readOnce = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = off; SET LOCAL jit = off; `

// inOrder has PostgreSQL neither sort nor collect what an index has in order, until
// the end of the transaction.
const inOrder = readOnce + `SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL plan_cache_mode = force_generic_plan`

// collected has PostgreSQL go by bitmaps of indexes.
const collected = readOnce + `SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL plan_cache_mode = force_custom_plan`
