package queuesql

import (
	"context"
	"fmt"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/sqldb"
)

// Backlog implements dispatch.InspectorStore.
func (s *Queue) Backlog(ctx context.Context) (groups []dispatch.Group, p dispatch.Pace, now int64, err error) {
	type row struct {
		dispatch.Group

		now int64
	}
	var list []row
	err = s.db.Along(ctx, "look at what waits", func(ctx context.Context, from sqldb.Querier) error {
		list, err = sqldb.Collect(ctx, from, func(found sqldb.Row, r *row) error {
			return found.Scan(&r.State, &r.Class, &r.UserID, &r.Images, &r.OldestAt, &r.DueAt, &r.First, &r.Last, &r.now)
		}, s.db.SQL(backlog()))
		return err
	})
	for _, r := range list {
		if r.State == "" {
			p, now = dispatch.Pace{Done: r.Images, Since: r.OldestAt}, r.now
			continue
		}
		groups = append(groups, r.Group)
	}
	return groups, p, now, err
}

// backlog selects some images of each state, each along an index of its own
// (TestPlans).
func backlog() string {
	return fmt.Sprintf(`
	WITH clock AS (SELECT {now} AS now), pace AS (%[2]s), looked_at AS (
		SELECT * FROM (SELECT 'due' AS state, 0 AS class, user_id, accepted_at, due_at, 0 AS place FROM images
			WHERE stage = 0 AND due_at <= (SELECT now FROM clock) ORDER BY due_at LIMIT %[1]d) AS due
		UNION ALL SELECT * FROM (SELECT 'later', 0, user_id, accepted_at, due_at, 0 FROM images
			WHERE stage = 0 AND due_at > (SELECT now FROM clock) ORDER BY due_at LIMIT %[1]d) AS later
		UNION ALL SELECT * FROM (SELECT 'parked', 0, user_id, accepted_at, due_at, 0 FROM images
			WHERE stage = 1 ORDER BY source_host, tried, user_id, id LIMIT %[1]d) AS parked
		UNION ALL SELECT * FROM (SELECT 'in_line', 0, user_id, accepted_at, due_at, row_number() OVER (ORDER BY rank) FROM images
			WHERE stage = 2 AND class = 0 ORDER BY rank LIMIT %[1]d) AS known
		UNION ALL SELECT * FROM (SELECT 'in_line', 1, user_id, accepted_at, due_at, row_number() OVER (ORDER BY rank) FROM images
			WHERE stage = 2 AND class = 1 ORDER BY rank LIMIT %[1]d) AS contact
		UNION ALL SELECT * FROM (SELECT CASE WHEN lease_until > 0 THEN 'begun' ELSE 'dispatched' END, 0, user_id, accepted_at, due_at, 0 FROM images
			WHERE stage = 3 ORDER BY dispatched_until LIMIT %[1]d) AS outside)
	SELECT state, class, user_id, count(*), min(accepted_at), min(due_at), min(place), max(place), 0 FROM looked_at GROUP BY state, class, user_id
	UNION ALL SELECT '', 0, 0, done, coalesce(since, 0), 0, 0, 0, (SELECT now FROM clock) FROM pace`, dispatch.CountMost, pace())
}
