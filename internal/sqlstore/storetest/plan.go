package storetest

import (
	"context"
	"fmt"
	"testing"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqldb/sqldbtest"
	"vitrine.dev/internal/sqlstore"
)

// Plan is how the database would run the statement where it is to go along indexes (sqldb.DB.Along).
func Plan(t *testing.T, s *sqlstore.Store, statement string, args ...any) string {
	t.Helper()
	var plan string
	err := s.Along(t.Context(), "explain", func(ctx context.Context, from sqldb.Querier) (err error) {
		plan, err = sqldbtest.Plan(ctx, from, s.OneWriter, statement, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// Exec returns what runs statements of a test.
func Exec(t *testing.T, s *sqlstore.Store) func(statement string, args ...any) {
	t.Helper()
	return func(statement string, args ...any) {
		t.Helper()
		if _, err := s.Writer.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// Series is how a statement begins that reads the numbers from 1 to n from the table series (n).
func Series(n int) string {
	return fmt.Sprintf(`WITH RECURSIVE series (n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM series WHERE n < %d) `, n)
}
