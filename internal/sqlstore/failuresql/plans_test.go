package failuresql_test

import (
	"regexp"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore/failuresql"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// TestPlans: the newest failures are read along an index of the list, with the
// statistics of a quiet day and with those of 30,000 failures, and only what was
// counted is sorted.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := storetest.OpenPostgres(t, testserver.Postgres(t))
	exec := storetest.Exec(t, s)
	if _, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "n", Images: []string{"http://a/1"}}); err != nil {
		t.Fatal(err)
	}
	bounded := regexp.MustCompile(`Limit\n *->  Index (Only )?Scan Backward using images_dead`)
	check := func(moment string) {
		t.Helper()
		for name, f := range map[string]failures.Filter{
			"all": {}, "today": {FailedAfter: time.UnixMilli(20_000)}, "reason": {Reason: fault.SourceTimeout}, "host": {Host: "host-7"},
			"user": {UserID: 1}, "host today": {Host: "host-7", FailedAfter: time.UnixMilli(20_000)},
		} {
			statement, args := failuresql.GroupsStatement(f)
			if plan := storetest.Plan(t, s, statement, args...); !bounded.MatchString(plan) {
				t.Errorf("%s, %s:\n%s", moment, name, plan)
			}
		}
	}
	exec(`ANALYZE`)
	exec(`INSERT INTO images (status, failed_at, reason, accepted_at, created_at, updated_at, user_id, product_id, position, source_url, source_host)
		SELECT 'failed', n, CASE WHEN n % 2 = 0 THEN 'source_timeout' ELSE 'source_not_found' END, 1, 1, 1, n % 50, 1, n, '', 'host-' || n % 200
		FROM generate_series(1, 30000) AS n`)
	check("with the statistics of a quiet day")
	exec(`ANALYZE`)
	check("with those of an incident")
}
