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
		hosts, err = sqldb.Collect(ctx, from, scanView, statement, args...)
		return err
	})
	return hosts, err
}

// OpenHosts implements dispatch.InspectorStore.
func (s *Queue) OpenHosts(ctx context.Context, failures, most int) (open int, err error) {
	err = s.db.Along(ctx, "count open hosts", func(ctx context.Context, from sqldb.Querier) error {
		n, err := sqldb.Number(ctx, from, openHosts(most), failures)
		open = int(n)
		return err
	})
	return open, err
}

// openHosts counts along the index of failing hosts (TestPlans).
func openHosts(most int) string {
	return fmt.Sprintf(`SELECT count(*) FROM (SELECT failures FROM hosts WHERE failing_at > 0 ORDER BY failing_at LIMIT %d) AS failing
		WHERE failures >= $1`, most)
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
	table, numbers := downloaded(d, len(where.Args)+1, fetched)
	return d.SQL(fmt.Sprintf(`
		WITH page AS (SELECT * FROM hosts%s ORDER BY host LIMIT %d),
			outside AS MATERIALIZED (SELECT source_host, count(*) AS images FROM images
				WHERE stage = 3 AND (id, dispatched_until) NOT IN (SELECT fetched_id, token FROM %s) GROUP BY source_host)
		SELECT p.host, p.answered_at, p.failures, p.failing_at, p.failed_at, p.open_until, p.recent_ms, p.reason, p.reason_detail,
			coalesce((SELECT images FROM outside WHERE source_host = p.host), 0),
			%s, {now}
		FROM page p ORDER BY p.host`, where.String(), q.Limit, table, parked("p.host", dispatch.ParkedMost))), append(where.Args, numbers...)
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
	return fmt.Sprintf(`
		WITH failing AS (SELECT * FROM hosts WHERE failing_at > 0 AND failures >= $1 ORDER BY failing_at LIMIT %d),
			compared AS (SELECT s.*, %s AS few FROM failing s),
			chosen AS (SELECT * FROM compared ORDER BY few DESC, failing_at DESC LIMIT $2),
			counted AS (SELECT c.*, CASE WHEN few < %[3]d THEN few ELSE %[4]s END AS parked FROM chosen c)
		SELECT host, answered_at, failures, failing_at, failed_at, open_until, recent_ms, reason, reason_detail, parked, {now}
		FROM counted ORDER BY parked DESC, failing_at DESC, host`,
		dispatch.FailingMost, parked("s.host", dispatch.ComparedMost), dispatch.ComparedMost, parked("c.host", dispatch.CountMost))
}

// BusyHosts implements dispatch.InspectorStore.
func (s *Queue) BusyHosts(ctx context.Context, limit int) (hosts []dispatch.HostView, err error) {
	err = s.db.Along(ctx, "list busy hosts", func(ctx context.Context, from sqldb.Querier) error {
		fetched, err := imagesql.Fetched(ctx, from)
		if err != nil {
			return err
		}
		statement, args := busy(s.db.Dialect, limit, fetched)
		hosts, err = sqldb.Collect(ctx, from, scanView, statement, args...)
		return err
	})
	return hosts, err
}

// busy selects the hosts of what is out, and those that have parked images: from one to the next along the index. Few
// are counted of each, and then all of the few that have most.
func busy(d sqldb.Dialect, limit int, fetched []processes.Fetched) (statement string, args []any) {
	table, args := downloaded(d, 2, fetched)
	return d.SQL(fmt.Sprintf(`
		WITH RECURSIVE walked (host, n) AS (
				SELECT (SELECT i.source_host FROM images i WHERE i.stage = 1 ORDER BY i.source_host, i.tried, i.user_id, i.id LIMIT 1), 1
				UNION ALL SELECT (SELECT i.source_host FROM images i WHERE i.stage = 1 AND i.source_host > w.host
					ORDER BY i.source_host, i.tried, i.user_id, i.id LIMIT 1), w.n + 1
				FROM walked w WHERE w.host IS NOT NULL AND w.n < %[1]d),
			outside AS (SELECT source_host AS host, count(*) AS images FROM images
				WHERE stage = 3 AND (id, dispatched_until) NOT IN (SELECT fetched_id, token FROM %[2]s) GROUP BY source_host),
			compared AS (SELECT host, %[3]s AS few FROM (
				SELECT host FROM walked WHERE host IS NOT NULL
				UNION ALL SELECT o.host FROM outside o WHERE o.host NOT IN (SELECT w.host FROM walked w WHERE w.host IS NOT NULL)) AS s),
			chosen AS (SELECT c.host, c.few, coalesce(o.images, 0) AS images FROM compared c LEFT JOIN outside o ON o.host = c.host
				ORDER BY c.few DESC, coalesce(o.images, 0) DESC, c.host LIMIT $1),
			counted AS (SELECT c.host, c.images, CASE WHEN few < %[4]d THEN few ELSE %[5]s END AS parked FROM chosen c)
		SELECT c.host, coalesce(h.answered_at, 0), coalesce(h.failures, 0), coalesce(h.failing_at, 0), coalesce(h.failed_at, 0),
			coalesce(h.open_until, 0), coalesce(h.recent_ms, 0), coalesce(h.reason, ''), coalesce(h.reason_detail, ''), c.images, c.parked, {now}
		FROM counted c LEFT JOIN hosts h ON h.host = c.host ORDER BY c.parked DESC, c.images DESC, c.host`,
			dispatch.FailingMost, table, parked("s.host", dispatch.ComparedMost), dispatch.ComparedMost, parked("c.host", dispatch.ParkedMost))),
		append([]any{limit}, args...)
}

// parked counts a host's parked images up to a limit.
func parked(host string, most int) string {
	return fmt.Sprintf(`(SELECT count(*) FROM (SELECT 1 FROM images i WHERE i.stage = 1 AND i.source_host = %s
		ORDER BY i.source_host, i.tried, i.user_id, i.id LIMIT %d) AS parked)`, host, most)
}

// downloaded is a table of what is out and takes nothing of its host any more.
func downloaded(d sqldb.Dialect, first int, fetched []processes.Fetched) (table string, args []any) {
	rows := [][]int64{{0, 0}} // never empty
	for _, f := range fetched {
		rows = append(rows, []int64{f.Image, f.Token})
	}
	return d.Numbers(first, []string{"fetched_id", "token"}, rows)
}

func scanView(row sqldb.Row, h *dispatch.HostView) error {
	return row.Scan(&h.Name, &h.AnsweredAt, &h.Failures, &h.FailingAt, &h.FailedAt, &h.OpenUntil, &h.RecentMS, &h.Reason, &h.ReasonText,
		&h.InFlight, &h.Parked, &h.Now)
}
