package eventsql

import (
	"context"
	"database/sql"
	"slices"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/sqldb"
)

// Insert is the only wording of how events are written: rows of these columns
// follow it. Whoever uses it has written, and so locked, the product's row before: in the
// same statement, by selecting from what that write returned. Then the event's
// id is drawn under the lock, and the ids of a product's events have the order of its changes;
// and by a transaction that has an id, which the horizon waits for: a bare INSERT gets one
// only after it has drawn the event's.
const Insert = `INSERT INTO events (occurred_at, type, product_id, image_id, user_id, revision, version, data) `

// appendAtOnce is how many events one statement writes at most.
const appendAtOnce = 100

// Append writes the events into the transaction that made their changes, after
// the rows of their products. IDs and OccurredAt are the database's.
func Append(ctx context.Context, db *sqldb.DB, tx *sql.Tx, list ...events.Event) error {
	for batch := range slices.Chunk(list, appendAtOnce) {
		rows := make([][]any, len(batch))
		for i, e := range batch {
			data, err := e.Data.Encode()
			if err != nil {
				return err
			}
			rows[i] = []any{string(e.Type), e.ProductID, e.ImageID, e.UserID, e.Revision, e.Version, data}
		}
		values, args := db.Tuples("({now}, %s)", rows)
		if _, err := tx.ExecContext(ctx, db.SQL(Insert+`VALUES `+values), args...); err != nil {
			return err
		}
	}
	return nil
}
