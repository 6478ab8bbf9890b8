package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// Ids are drawn before a commit, and commits come in any order. A barrier is a
// moment after which all transactions are over that wrote before it: what they
// wrote can be read from then on. Of a SQLite file only what is committed is
// read, and there is one writer, so nothing has to be waited for.

// LastID returns the highest id that was drawn for a row of the table, which may
// not be committed yet, 0 for none.
func (db *DB) LastID(ctx context.Context, table string) (id int64, err error) {
	err = db.WithRetry(ctx, "read last id", func(ctx context.Context) error {
		return db.Reader.QueryRowContext(ctx, db.lastID, table).Scan(&id)
	})
	return id, err
}

// DrawIDs draws n ids for rows that the transaction inserts into the table, ascending.
func (db *DB) DrawIDs(ctx context.Context, tx *sql.Tx, table string, n int) ([]int64, error) {
	ids, err := IDs(ctx, tx, db.drawIDs, table, n)
	slices.Sort(ids)
	if err == nil && len(ids) != n {
		err = fmt.Errorf("%d ids of %s were drawn, not %d", len(ids), table, n)
	}
	return ids, err
}

// Barrier returns one for now; 0 where there is nothing to wait for. It outlives
// a crash of the server, and so does every id that was drawn before: none is
// drawn again.
func (db *DB) Barrier(ctx context.Context) (barrier int64, err error) {
	if db.OneWriter {
		return 0, nil
	}
	err = db.WithRetry(ctx, "draw a barrier", func(ctx context.Context) error {
		// A transaction of its own, that ends with it: it must not wait for itself.
		// With an id alone it would not flush the server's write-ahead log, in which
		// sequences are, too: hence the message, which no one reads.
		return db.Writer.QueryRowContext(ctx, `
			SELECT pg_current_xact_id()::TEXT::BIGINT FROM pg_logical_emit_message(TRUE, 'vitrine', '')`).Scan(&barrier)
	})
	return barrier, err
}

// BarrierPassed reports whether the transactions before the barrier are over.
func (db *DB) BarrierPassed(ctx context.Context, barrier int64) (passed bool, err error) {
	if db.OneWriter {
		return true, nil
	}
	err = db.WithRetry(ctx, "look at a barrier", func(ctx context.Context) error {
		return db.Reader.QueryRowContext(ctx,
			`SELECT pg_snapshot_xmin(pg_current_snapshot())::TEXT::BIGINT > $1`, barrier).Scan(&passed)
	})
	return passed, err
}

// BarrierHolder is a transaction that was writing before a barrier.
type BarrierHolder struct {
	PID      int    // of the server's process; 0 where it is a prepared one
	GID      string // of a prepared one
	Database string
	Age      time.Duration
}

// BarrierHolders returns the transactions that keep a barrier from passing, the
// oldest first, at most limit. Those of every database of the server count.
// Ages of 32-bit ids are compared: they wrap around, and those that run are near.
func (db *DB) BarrierHolders(ctx context.Context, barrier int64, limit int) ([]BarrierHolder, error) {
	if db.OneWriter {
		return nil, nil
	}
	return Select(ctx, db, "look for holders of a barrier", func(row Row, h *BarrierHolder) error {
		var age float64
		err := row.Scan(&h.PID, &h.GID, &h.Database, &age)
		h.Age = time.Duration(age * float64(time.Second))
		return err
	}, `
		SELECT pid, gid, name, coalesce(extract(epoch FROM clock_timestamp() - since), 0)::FLOAT8 FROM (
			SELECT pid, '' AS gid, coalesce(datname, '') AS name, xact_start AS since, backend_xid AS xid
			FROM pg_stat_activity WHERE backend_xid IS NOT NULL
			UNION ALL SELECT 0, gid, database, prepared, transaction FROM pg_prepared_xacts) AS writing
		WHERE age(xid) >= age($1::BIGINT::TEXT::XID8::XID) ORDER BY age(xid) DESC, pid LIMIT $2`, barrier, limit)
}
