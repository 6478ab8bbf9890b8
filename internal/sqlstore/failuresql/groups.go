package failuresql

import (
	"context"
	"fmt"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/sqldb"
)

// GroupFailures implements failures.Store.
func (s *Failures) GroupFailures(ctx context.Context, f failures.Filter) (list []failures.Group, err error) {
	err = s.db.Along(ctx, "group dead items", func(ctx context.Context, from sqldb.Querier) error {
		list = nil
		for kind, table := range tablesOf(failures.Discard, f) {
			some, err := sqldb.Collect(ctx, from, func(row sqldb.Row, g *failures.Group) error {
				var oldest, newest int64
				err := row.Scan(&g.Reason, &g.Host, &g.UserID, &g.Count, &oldest, &newest)
				g.OldestAt, g.NewestAt = sqldb.Time(oldest), sqldb.Time(newest)
				return err
			}, groups(kind, table), table.conditions.Args...)
			if err != nil {
				return err
			}
			list = append(list, some...)
		}
		return nil
	})
	return list, err
}

// groups selects how many of the newest of the table have a reason, a host and a user.
// They are read along an index of the list (TestPlans).
func groups(kind failures.Kind, t table) string {
	columns := "reason, source_host, user_id"
	if kind == failures.KindMessage {
		columns = "'" + string(failures.Unreadable) + "' AS reason, '' AS source_host, 0 AS user_id"
	}
	return fmt.Sprintf(`
		SELECT reason, source_host, user_id, count(*), min(at), max(at) FROM (
			SELECT %[1]s, %[2]s AS at FROM %[3]s%[4]s ORDER BY %[2]s DESC, id DESC LIMIT %[5]d) AS newest
		GROUP BY reason, source_host, user_id`, columns, t.time, t.name, t.conditions, failures.CountMost)
}
