package importsql_test

import (
	"fmt"
	"strings"
	"testing"

	"vitrine.dev/internal/sqldb/sqldbtest"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/importsql"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestPlans: every read of a step goes along its index, also where the database has no statistics
// yet of what the import has just written.
func TestPlans(t *testing.T) {
	t.Parallel()
	for name, open := range storetest.Databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			fill(t, s)
			external, products := make([]string, 100), make([]int64, 1000)
			for i := range external {
				external[i] = fmt.Sprintf("sku-%d", 77*i)
			}
			for i := range products {
				products[i] = int64(i + 1)
			}
			for _, statement := range importsql.Statements(s.DB, external, products) {
				plan := explain(t, s, statement)
				if !strings.Contains(plan, statement.Index) || strings.Contains(plan, "Seq Scan") {
					t.Errorf("%s does not go along %s:\n%s", statement.Text, statement.Index, plan)
				}
			}
		})
	}
}

// fill writes 20,000 rows of the import 1, each with a product that has an image.
func fill(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	exec := storetest.Exec(t, s)
	for _, statement := range []string{
		`INSERT INTO products (id, user_id, name, name_folded, description, price, version, revision, external_id, created_at, updated_at, revised_at)
		SELECT n, 1, 'lamp', 'lamp', '', 1, 1, 1, 'sku-' || CAST(n AS TEXT), 0, 0, 0 FROM series`,
		`INSERT INTO images (product_id, user_id, position, source_url, source_host, stage, due_at, accepted_at, request_id, created_at, updated_at)
		SELECT n, 1, 0, 'http://example.com/1', 'example.com', 0, 0, 0, 'import-1', 0, 0 FROM series`,
		`INSERT INTO import_rows (import_id, line, external_id, product_id, outcome, images_waiting)
		SELECT 1, n, 'sku-' || CAST(n AS TEXT), n, 'created', n % 2 FROM series`,
	} {
		exec(storetest.Series(20_000) + statement)
	}
}

func explain(t *testing.T, s *sqlstore.Store, statement importsql.Statement) string {
	t.Helper()
	plan, err := sqldbtest.Plan(t.Context(), s.Reader, s.OneWriter, statement.Text, statement.Args...)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
