package statisticsql_test

import (
	"strings"
	"testing"

	"vitrine.dev/internal/sqlstore/statisticsql"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// TestPlans: the fetches of some hosts are read along the primary key, however many hosts there are.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := storetest.OpenPostgres(t, testserver.Postgres(t))
	for _, statement := range []string{
		`INSERT INTO host_fetches (host, begun_at, class, fetches) SELECT 'h' || n % 3000 || '.example', 1700000000000 + n / 30000 * 300000, n % 10, 1
			FROM generate_series(1, 300000) AS n ON CONFLICT DO NOTHING`, `ANALYZE host_fetches`,
	} {
		if _, err := s.Writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	statement, args := statisticsql.FetchesStatement(s.Dialect, []string{"h1.example", "h2.example"})
	if plan := storetest.Plan(t, s, statement, args...); strings.Contains(plan, "host_fetches_begun") || strings.Contains(plan, "Seq Scan on host_fetches") || !strings.Contains(plan, "host_fetches_pkey") {
		t.Errorf("the plan is\n%s", plan)
	}
}
