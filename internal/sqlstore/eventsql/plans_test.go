package eventsql_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqldb/sqldbtest"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestPlanOfImage: the events of an image are read along their index, the last first, and nothing is sorted, however
// many others there are.
func TestPlanOfImage(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		explaining := &sqldbtest.Explaining{OneWriter: s.OneWriter}
		err := s.Along(t.Context(), "explain", func(ctx context.Context, from sqldb.Querier) error {
			explaining.Querier = from
			_, err := eventsql.OfImage(ctx, explaining, 7, 5)
			return err
		})
		plan := strings.Join(explaining.Plans, "\n")
		if err != nil || !strings.Contains(plan, "events_of_images") || regexp.MustCompile(`Seq Scan|Sort|SCAN|TEMP B-TREE`).MatchString(plan) {
			t.Errorf("%v:\n%s", err, plan)
		}
	})
}
