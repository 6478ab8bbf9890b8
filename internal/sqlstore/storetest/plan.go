package storetest

import (
	"context"
	"strings"
	"testing"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
)

// Plan is how PostgreSQL would run the statement where it is to go along indexes (sqldb.DB.Along).
func Plan(t *testing.T, s *sqlstore.Store, statement string, args ...any) string {
	t.Helper()
	var lines []string
	err := s.Along(t.Context(), "explain", func(ctx context.Context, from sqldb.Querier) (err error) {
		lines, err = sqldb.Collect(ctx, from, func(row sqldb.Row, line *string) error { return row.Scan(line) }, "EXPLAIN (COSTS OFF) "+statement, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return strings.Join(lines, "\n")
}
