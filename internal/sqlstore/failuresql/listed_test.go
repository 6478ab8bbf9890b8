package failuresql_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore/failuresql"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// TestCountPlans: the list is counted along the index of its order, up to a bound, and what a job would be done
// to along indexes that have only failures, whether the database knows how long it is or not.
func TestCountPlans(t *testing.T) {
	t.Parallel()
	s := storetest.OpenPostgres(t, testserver.Postgres(t))
	if _, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "n"}); err != nil {
		t.Fatal(err)
	}
	ofFailures := regexp.MustCompile(`Index (Only )?Scan using (images_dead|images_failed_by_host|dead_messages_by_time)`)
	for _, statement := range []string{
		`ANALYZE`,
		`INSERT INTO images (status, failed_at, accepted_at, created_at, updated_at, user_id, product_id, position, source_url, source_host, reason)
			SELECT 'failed', n, 1, 1, 1, 1, 1, n, '', 'host', 'timeout' FROM generate_series(1, 50000) AS n`,
		`INSERT INTO dead_messages (digest, message_id, body, bytes, received_at) SELECT n, n, '', 0, n FROM generate_series(1, 50000) AS n`,
		`ANALYZE`,
	} {
		if _, err := s.Writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		for kind, count := range failuresql.CountListedStatements(1000) {
			plan := storetest.Plan(t, s, count)
			if !strings.Contains(plan, "Limit") || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort Key") {
				t.Errorf("after %.20s: %ss are counted by\n%s", statement, kind, plan)
			}
		}
		for name, f := range map[string]failures.Filter{
			"all": {}, "reason": {Reason: fault.SourceTimeout}, "host": {Host: "host"}, "user": {UserID: 1}, "before": {FailedBefore: time.UnixMilli(7)},
		} {
			statements, args := failuresql.CountStatements(f, 60_000)
			for kind, count := range statements {
				if plan := storetest.Plan(t, s, count, args[kind]...); !ofFailures.MatchString(plan) {
					t.Errorf("after %.20s: all %ss of %s are counted by\n%s", statement, kind, name, plan)
				}
			}
		}
	}
}
