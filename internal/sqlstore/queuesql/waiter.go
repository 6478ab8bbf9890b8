package queuesql

import (
	"context"
	"database/sql"
	"fmt"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// Queue implements dispatch.InspectorStore, but for what processes.Store has.
type Queue struct{ db *sqldb.DB }

// New returns the queue of the database.
func New(db *sqldb.DB) *Queue { return &Queue{db} }

// pace selects how many attempts have ended lately, and when the first of them did.
func pace() string {
	return fmt.Sprintf(`
	SELECT count(*) AS done, min(occurred_at) AS since FROM (
		SELECT type, occurred_at FROM events ORDER BY id DESC LIMIT %d) AS last_changes
	WHERE type IN ('image.ready', 'image.failed', 'image.retrying', 'image.refreshed') AND occurred_at > (SELECT now FROM clock) - %d`,
		dispatch.PaceMost, dispatch.PaceFor.Milliseconds())
}

// Waiter implements dispatch.InspectorStore, in one statement, so that all of it
// is of the same moment. What is before the image is counted only where it waits
// for that.
func (s *Queue) Waiter(ctx context.Context, product, image int64) (img catalog.Image, w dispatch.Waiter, err error) {
	err = s.db.Along(ctx, "read image", func(ctx context.Context, from sqldb.Querier) error {
		found, err := sqldb.Collect(ctx, from, scanWaiter, s.db.SQL(waiter()), image, product)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return catalog.ErrNoImage
		}
		w = found[0].Waiter
		img, err = found[0].image.Image()
		return err
	})
	return img, w, err
}

// waiterRow is what waiter selects.
type waiterRow struct {
	dispatch.Waiter

	image imagesql.Row
}

func scanWaiter(row sqldb.Row, r *waiterRow) error {
	var stage, since sql.NullInt64
	err := row.Scan(append(r.image.Fields(),
		&r.UserID, &r.Now, &r.Status, &stage, &r.Class, &r.Begun, &r.DueAt,
		&r.Host.AnsweredAt, &r.Host.Failures, &r.Host.OpenUntil, &r.Host.RecentMS, &r.Before, &r.Pace.Done, &since)...)
	r.Stage, r.HasWork, r.Pace.Since = media.Stage(stage.Int64), stage.Valid, since.Int64
	return err
}

// waiter selects the image $1 of the product $2.
func waiter() string {
	return fmt.Sprintf(`
		WITH clock AS (SELECT {now} AS now), pace AS (%[1]s)
		SELECT `+imagesql.Columns+`,
			i.user_id, (SELECT now FROM clock), i.status, i.stage, i.class, i.lease_until > 0, i.due_at,
			coalesce(h.answered_at, 0), coalesce(h.failures, 0), coalesce(h.open_until, 0), coalesce(h.recent_ms, 0),
			CASE i.stage
				WHEN 1 THEN (SELECT count(*) FROM (SELECT 1 FROM images b
					WHERE b.stage = 1 AND b.source_host = i.source_host AND b.tried = i.tried AND b.user_id = i.user_id AND b.id < i.id
					ORDER BY b.id LIMIT %[2]d) AS parked)
				WHEN 2 THEN (SELECT count(*) FROM (SELECT 1 FROM images b WHERE b.stage = 2 AND b.class = i.class AND b.rank < i.rank
					ORDER BY b.rank LIMIT %[2]d) AS in_line)
				ELSE 0 END,
			CASE i.stage WHEN 2 THEN (SELECT done FROM pace) ELSE 0 END, CASE i.stage WHEN 2 THEN (SELECT since FROM pace) END
		FROM images i
		LEFT JOIN renditions r ON r.key = i.rendition_key AND i.status = 'ready'
		LEFT JOIN hosts h ON h.host = i.source_host
		WHERE i.id = $1 AND i.product_id = $2`, pace(), dispatch.BeforeMost)
}
