package queuesql

import (
	"context"
	"fmt"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/sqldb"
)

// Hosts implements dispatch.InspectorStore. All that is out is read once for the
// page.
func (s *Queue) Hosts(ctx context.Context, q dispatch.HostQuery) (hosts []dispatch.HostView, err error) {
	var where sqldb.Where
	if q.Host != "" {
		where.Add("host = ?", q.Host)
	}
	if q.Failures > 0 { // beside the condition of the index of failing hosts
		where.Add("failing_at > 0 AND failures >= ?", q.Failures)
	}
	if q.After != "" {
		where.Add("host > ?", q.After)
	}
	statement := fmt.Sprintf(`
		WITH page AS (SELECT * FROM hosts%s ORDER BY host LIMIT %d),
			outside AS (SELECT source_host, count(*) AS images FROM images WHERE stage = 3 GROUP BY source_host)
		SELECT p.host, p.answered_at, p.failures, p.failing_at, p.failed_at, p.open_until, p.recent_ms, p.reason, p.reason_detail,
			coalesce((SELECT images FROM outside WHERE source_host = p.host), 0),
			(SELECT count(*) FROM (SELECT 1 FROM images i WHERE i.stage = 1 AND i.source_host = p.host
				ORDER BY i.source_host, i.tried, i.user_id, i.id LIMIT %d) AS parked),
			{now}
		FROM page p ORDER BY p.host`, where.String(), q.Limit, dispatch.ParkedMost)
	err = s.db.Along(ctx, "list hosts", func(ctx context.Context, from sqldb.Querier) error {
		hosts, err = sqldb.Collect(ctx, from, func(row sqldb.Row, h *dispatch.HostView) error {
			return row.Scan(&h.Name, &h.AnsweredAt, &h.Failures, &h.FailingAt, &h.FailedAt, &h.OpenUntil, &h.RecentMS, &h.Reason, &h.ReasonText,
				&h.InFlight, &h.Parked, &h.Now)
		}, s.db.SQL(statement), where.Args...)
		return err
	})
	return hosts, err
}
