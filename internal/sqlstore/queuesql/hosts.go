package queuesql

import (
	"context"
	"fmt"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// Hosts implements dispatch.InspectorStore. All that is out, and what of it is
// downloaded, is read once for the page.
func (s *Queue) Hosts(ctx context.Context, q dispatch.HostQuery) (hosts []dispatch.HostView, err error) {
	err = s.db.Along(ctx, "list hosts", func(ctx context.Context, from sqldb.Querier) error {
		fetched, err := imagesql.Fetched(ctx, from)
		if err != nil {
			return err
		}
		statement, args := page(s.db.Dialect, q, fetched)
		hosts, err = sqldb.Collect(ctx, from, func(row sqldb.Row, h *dispatch.HostView) error {
			return row.Scan(&h.Name, &h.AnsweredAt, &h.Failures, &h.FailingAt, &h.FailedAt, &h.OpenUntil, &h.RecentMS, &h.Reason, &h.ReasonText,
				&h.InFlight, &h.Parked, &h.Now)
		}, statement, args...)
		return err
	})
	return hosts, err
}

// page selects hosts.
func page(d sqldb.Dialect, q dispatch.HostQuery, fetched []processes.Fetched) (statement string, args []any) {
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
	downloaded := [][]int64{{0, 0}} // never empty
	for _, f := range fetched {
		downloaded = append(downloaded, []int64{f.Image, f.Token})
	}
	table, numbers := d.Numbers(len(where.Args)+1, []string{"fetched_id", "token"}, downloaded)
	return d.SQL(fmt.Sprintf(`
		WITH page AS (SELECT * FROM hosts%s ORDER BY host LIMIT %d),
			outside AS MATERIALIZED (SELECT source_host, count(*) AS images FROM images
				WHERE stage = 3 AND (id, dispatched_until) NOT IN (SELECT fetched_id, token FROM %s) GROUP BY source_host)
		SELECT p.host, p.answered_at, p.failures, p.failing_at, p.failed_at, p.open_until, p.recent_ms, p.reason, p.reason_detail,
			coalesce((SELECT images FROM outside WHERE source_host = p.host), 0),
			(SELECT count(*) FROM (SELECT 1 FROM images i WHERE i.stage = 1 AND i.source_host = p.host
				ORDER BY i.source_host, i.tried, i.user_id, i.id LIMIT %d) AS parked),
			{now}
		FROM page p ORDER BY p.host`, where.String(), q.Limit, table, dispatch.ParkedMost)), append(where.Args, numbers...)
}

// FailingHosts implements dispatch.InspectorStore.
func (s *Queue) FailingHosts(ctx context.Context, failures, limit int) (hosts []dispatch.HostView, err error) {
	err = s.db.Along(ctx, "list failing hosts", func(ctx context.Context, from sqldb.Querier) error {
		hosts, err = sqldb.Collect(ctx, from, func(row sqldb.Row, h *dispatch.HostView) error {
			return row.Scan(&h.Name, &h.AnsweredAt, &h.Failures, &h.FailingAt, &h.FailedAt, &h.OpenUntil, &h.RecentMS, &h.Reason, &h.ReasonText,
				&h.Parked, &h.Now)
		}, s.db.SQL(failing()), failures, limit)
		return err
	})
	return hosts, err
}

// failing selects hosts by how many images are parked for them: few are counted of
// many hosts, and then all of the few that have most.
func failing() string {
	parked := func(host string, most int) string {
		return fmt.Sprintf(`(SELECT count(*) FROM (SELECT 1 FROM images i WHERE i.stage = 1 AND i.source_host = %s
			ORDER BY i.source_host, i.tried, i.user_id, i.id LIMIT %d) AS parked)`, host, most)
	}
	return fmt.Sprintf(`
		WITH failing AS (SELECT * FROM hosts WHERE failing_at > 0 AND failures >= $1 ORDER BY failing_at LIMIT %d),
			compared AS (SELECT s.*, %s AS few FROM failing s),
			chosen AS (SELECT * FROM compared ORDER BY few DESC, failing_at DESC LIMIT $2),
			counted AS (SELECT c.*, CASE WHEN few < %[3]d THEN few ELSE %[4]s END AS parked FROM chosen c)
		SELECT host, answered_at, failures, failing_at, failed_at, open_until, recent_ms, reason, reason_detail, parked, {now}
		FROM counted ORDER BY parked DESC, failing_at DESC, host`,
		dispatch.FailingMost, parked("s.host", dispatch.ComparedMost), dispatch.ComparedMost, parked("c.host", dispatch.CountMost))
}
