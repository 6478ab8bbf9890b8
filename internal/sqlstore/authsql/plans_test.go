package authsql_test

import (
	"regexp"
	"testing"

	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/authsql"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestPlans: the products of a user who is to be erased are counted along an index of them, also where the user has most of all.
func TestPlans(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		exec := storetest.Exec(t, s)
		exec(storetest.Series(5000) + `INSERT INTO products (user_id, name, name_folded, description, price, version, revision, created_at, updated_at, revised_at)
			SELECT 1, 'lamp', 'lamp', '', 1, 1, 1, 0, 0, 0 FROM series`)
		exec(`ANALYZE`)
		plan := storetest.Plan(t, s, authsql.CountProductsStatement, 1)
		if !regexp.MustCompile(`Index Only Scan using products_by_|COVERING INDEX products_by_`).MatchString(plan) {
			t.Errorf("they are counted by\n%s", plan)
		}
	})
}
