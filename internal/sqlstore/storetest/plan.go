package storetest

import (
	"context"
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
