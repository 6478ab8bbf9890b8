package queuesql_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/sqlstore/queuesql"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// TestPlans: what waits is read along the indexes of the queue, with the
// statistics of an idle moment and with those of a backlog, and nothing of it is
// sorted: no read looks at more than it asks for.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := storetest.OpenPostgres(t, testserver.Postgres(t))
	exec := storetest.Exec(t, s)
	p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "n", Images: []string{"http://a/1"}})
	if err != nil {
		t.Fatal(err)
	}
	grow := func(stage, n int) {
		exec(`INSERT INTO images (stage, due_at, accepted_at, created_at, updated_at, user_id, product_id, position, source_url, source_host, class, rank)
			SELECT $1::INT, n, 1, 1, 1, n % 50, 1, n, '', 'host-' || n % 200, 0, CASE WHEN $1::INT >= 2 THEN n END
			FROM generate_series(1, $2::INT) AS n`, stage, n)
	}
	tooMuch := regexp.MustCompile(`Seq Scan on (images|hosts|events)|Bitmap|Sort Key: .|using images_(pkey|by_|dead|uploaded)`)
	check := func(moment string) {
		t.Helper()
		hosts, hostArgs := queuesql.HostsStatement(s.Dialect, dispatch.HostQuery{After: "host-1", Limit: 100})
		busy, busyArgs := queuesql.BusyStatement(s.Dialect)
		for name, statement := range map[string]string{
			"backlog": queuesql.BacklogStatement(s.Dialect),
			"hosts":   hosts,
			"busy":    busy,
			"open":    strings.ReplaceAll(queuesql.OpenHostsStatement(dispatch.CountMost), "$1", "5"),
			"failing": strings.NewReplacer("$1", "5", "$2", "50").Replace(queuesql.FailingStatement(s.Dialect)),
			"waiter": strings.NewReplacer("$1", strconv.FormatInt(p.Images[0].ID, 10), "$2", strconv.FormatInt(p.ID, 10)).
				Replace(queuesql.WaiterStatement(s.Dialect)),
		} {
			args := map[string][]any{"hosts": hostArgs, "busy": busyArgs}[name]
			plan := storetest.Plan(t, s, statement, args...)
			allowed := map[string][]string{ // of hosts, by a number that was counted; one image
				"failing": {"Sort Key: ("}, "busy": {"Sort Key: ("}, "waiter": {"using images_by_", "using images_pkey"},
			}[name]
			for _, bad := range tooMuch.FindAllString(plan, -1) {
				if !slices.Contains(allowed, bad) {
					t.Errorf("%s, %s: %s in\n%s", moment, name, bad, plan)
				}
			}
			if name == "hosts" && !strings.Contains(plan, "CTE outside") {
				t.Errorf("%s: what is out is read for each host in\n%s", moment, plan)
			}
		}
	}
	exec(`ANALYZE`)
	exec(`INSERT INTO hosts (host, failing_at, failures) SELECT 'failing-' || n, n, n % 10 FROM generate_series(1, 20000) AS n`)
	exec(`INSERT INTO hosts (host, failing_at, failures) SELECT 'host-' || n, n % 2 * n, n % 2 * 7 FROM generate_series(1, 20000) AS n`)
	grow(3, 100)
	grow(1, 30_000)
	grow(2, 30_000)
	grow(0, 30_000)
	check("with the statistics of an idle moment")
	exec(`ANALYZE`)
	check("with those of a backlog")
}

// TestPlansOfSQLite: there, too, what waits is read along the indexes of the queue.
func TestPlansOfSQLite(t *testing.T) {
	t.Parallel()
	s := storetest.OpenSQLite(t)
	hosts, hostArgs := queuesql.HostsStatement(s.Dialect, dispatch.HostQuery{After: "host-1", Limit: 100})
	busy, busyArgs := queuesql.BusyStatement(s.Dialect)
	tooMuch := regexp.MustCompile(`(?m)SCAN (images|i|b|hosts|h|events)( USING (COVERING )?INDEX (images_(by_|dead|failed|ready|uploaded)|hosts_used|sqlite).*)?$`)
	for name, c := range map[string]struct {
		statement string
		args      []any
	}{
		"backlog": {queuesql.BacklogStatement(s.Dialect), nil},
		"hosts":   {hosts, hostArgs},
		"busy":    {busy, busyArgs},
		"open":    {queuesql.OpenHostsStatement(dispatch.CountMost), []any{5}},
		"failing": {queuesql.FailingStatement(s.Dialect), []any{5, 50}},
		"waiter":  {queuesql.WaiterStatement(s.Dialect), []any{1, 1}},
	} {
		plan := storetest.Plan(t, s, c.statement, c.args...)
		for _, bad := range tooMuch.FindAllString(plan, -1) {
			if bad != "SCAN events" { // the newest, up to a limit
				t.Errorf("%s: %s in\n%s", name, bad, plan)
			}
		}
	}
}
