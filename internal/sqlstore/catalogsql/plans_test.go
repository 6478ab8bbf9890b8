package catalogsql_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
)

// fill gives user 1 so many products, and others the same number of them together. Of
// each 100,000 one is rare, 30 % are lamps, and the first 40 % of all are old.
func fill(t *testing.T, s *sqlstore.Store, products, others, users int) {
	t.Helper()
	exec := func(statement string, n int) { t.Helper(); storetest.Exec(t, s)(storetest.Series(n) + statement) }
	exec(`INSERT INTO users (id, name, created_at) SELECT n + 1, 'user', 0 FROM series`, users)
	exec(fmt.Sprintf(`
		INSERT INTO products (user_id, name, name_folded, description, price, version, revision, external_id, created_at, updated_at, revised_at,
		                      images_pending, images_ready, images_failed)
		SELECT CASE WHEN n <= %d THEN 1 ELSE 2 + n %% %d END, name, name, 'a description', n * 7919 %% 99991, 1, 1, 'sku-' || CAST(n AS TEXT),
		       1700000000000, 1700000000000 + n * 104729 %% 1000003 * 1000, 0,
		       CASE WHEN n %% 100 = 1 THEN 1 ELSE 0 END, CASE WHEN n %% 100 = 1 THEN 0 ELSE 2 END, CASE WHEN n %% 1000 = 0 THEN 1 ELSE 0 END
		FROM (SELECT n, CASE WHEN n %% 100000 = 17 THEN 'quetzal ' ELSE '' END || CASE WHEN n %% 10 < 3 THEN 'lampe ' ELSE 'stuhl ' END
		             || 'modell ' || CAST(n * 7919 %% 1000003 AS TEXT)
		             || CASE WHEN n <= %d THEN ' ancien' ELSE '' END AS name FROM series) AS named`, products, users, products*2/5), products+others)
	exec(fmt.Sprintf(`
		INSERT INTO images (product_id, user_id, position, source_url, source_host, status, accepted_at, created_at, updated_at)
		SELECT p.id, p.user_id, position, 'https://' || host || '/' || p.id, host, CASE WHEN position = 0 AND p.images_failed > 0 THEN 'failed' ELSE 'ready' END, 0, 0, 0
		FROM (SELECT id, user_id, images_failed, CASE WHEN id %% 100000 = 17 THEN 'rare.example' WHEN id <= %d THEN 'old.example' ELSE 'often.example' END AS host FROM products) AS p,
		     (SELECT 0 AS position UNION ALL SELECT 1) AS positions`, products*2/5), 1)
	if !s.OneWriter { // as autovacuum does
		if _, err := s.Writer.ExecContext(t.Context(), "VACUUM ANALYZE products, images"); err != nil {
			t.Fatal(err)
		}
	}
}

// asked are filters, by what they are about, each with the indexes that may find it where
// few have it, on PostgreSQL and on SQLite.
type asked struct {
	name    string
	filter  catalog.Filter
	indexes []string
}

func allAsked() []asked {
	low, high := catalog.Price(500), catalog.Price(1499)
	edited := time.UnixMilli(1700000000000 + 999_002*1000).UTC()
	return []asked{
		{"all", catalog.Filter{}, nil},
		{"image_status=failed", catalog.Filter{ImageStatus: catalog.Failed}, []string{"products_failed"}},
		{"image_status=pending", catalog.Filter{ImageStatus: catalog.Pending}, []string{"products_pending"}},
		{"image_status=ready", catalog.Filter{ImageStatus: catalog.Ready}, []string{"products_ready"}},
		{"updated_after, few", catalog.Filter{UpdatedAfter: edited}, []string{"products_by_updated"}},
		{"updated_after, nearly all", catalog.Filter{UpdatedAfter: time.UnixMilli(1700000000000).UTC()}, []string{"products_by_updated"}},
		{"price_min and price_max, 1 %", catalog.Filter{PriceMin: &low, PriceMax: &high}, []string{"products_by_price"}},
		{"source_host, found never", catalog.Filter{SourceHost: "none.example"}, []string{"images_by_host_of_user"}},
		{"source_host, found rarely", catalog.Filter{SourceHost: "rare.example"}, []string{"images_by_host_of_user"}},
		{"source_host, found often", catalog.Filter{SourceHost: "often.example"}, []string{"images_by_host_of_user"}},
		{"source_host, found often, late among the newest", catalog.Filter{SourceHost: "old.example"}, []string{"images_by_host_of_user"}},
		{"source_host, often, and failed", catalog.Filter{SourceHost: "old.example", ImageStatus: catalog.Failed}, []string{"images_by_host_of_user", "products_failed"}},
		{"external_id", catalog.Filter{ExternalID: "sku-77"}, []string{"products_by_external_id"}},
		{"q, found never", catalog.Filter{Query: "lampion"}, []string{"products_by_part", "VIRTUAL TABLE"}},
		{"q, found rarely", catalog.Filter{Query: "Quetzál"}, []string{"products_by_part", "VIRTUAL TABLE"}},
		{"q, found often", catalog.Filter{Query: "ampe m"}, []string{"products_by_part", "VIRTUAL TABLE"}},
		{"q, found often, late among the newest", catalog.Filter{Query: "ancien"}, []string{"products_by_part", "VIRTUAL TABLE"}},
		{"q, three signs, found never", catalog.Filter{Query: "?!?"}, []string{"Bitmap Index Scan on products_", "VIRTUAL TABLE"}},
		{"q, two characters", catalog.Filter{Query: "qu"}, []string{"products_by_name"}},
		{"product_name, two characters, found never", catalog.Filter{Name: "qx"}, []string{"COVERING INDEX products_by_name", "Bitmap Index Scan on products_"}},
		{"q, rarely, and failed", catalog.Filter{Query: "quetzal", ImageStatus: catalog.Failed}, []string{"products_by_part", "products_failed", "VIRTUAL TABLE"}},
	}
}

// TestPlans: every order of every filter goes along an index: along that of the order, where
// nothing is sorted, or along that of what is asked for; there is no scan of the table.
func TestPlans(t *testing.T) {
	t.Parallel()
	inOrder := map[find.Sort][]string{
		find.Newest:  {"products_by_user", "products_failed", "products_pending", "products_ready"},
		find.Updated: {"products_by_updated"}, find.Cheapest: {"products_by_price"}, find.Alphabetical: {"products_by_name"},
	}
	inOrder[find.Oldest], inOrder[find.Dearest] = inOrder[find.Newest], inOrder[find.Cheapest]
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		fill(t, s, 20_000, 5_000, 20)
		s.SetMostWalked(200)
		for _, a := range allAsked() {
			for _, sort := range find.Sorts() {
				for _, after := range []find.Position{{}, {ID: 2000, Number: 50_000, Text: "m"}} {
					f := a.filter
					f.UserID, f.Sort, f.Limit, f.After = 1, sort, 20, after
					if sort == find.Updated {
						f.After.Number = 1700000500000
					}
					_, plans, err := s.Explained(t.Context(), f)
					if err != nil {
						t.Fatal(err)
					}
					for i, plan := range plans {
						if strings.Contains(plan, "pg_advisory_xact_lock") {
							continue
						}
						wanted := inOrder[sort]
						switch {
						case strings.HasPrefix(plan, "find products"):
							wanted = a.indexes
						case strings.Contains(plan, "points"): // the sample
							wanted = []string{"products_by_user"}
						case regexp.MustCompile(`Sort Key: products|(?s)SEARCH products.*TEMP B-TREE FOR ORDER BY.*SEARCH b`).MatchString(plan):
							t.Errorf("%s in the order %s is sorted:\n%s", a.name, sort, plan)
						}
						uses := func(index string) bool { return strings.Contains(plan, index) }
						if !slices.ContainsFunc(wanted, uses) || regexp.MustCompile(`Seq Scan on products|SCAN products\b`).MatchString(plan) {
							t.Errorf("%s in the order %s, statement %d, does not go along %v:\n%s", a.name, sort, i, wanted, plan)
						}
					}
				}
			}
		}
	})
}

// TestPlansOfCounts: the products of a user who has most are counted along indexes, too, whatever the filter.
func TestPlansOfCounts(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		fill(t, s, 20_000, 5_000, 20)
		for _, a := range allAsked() {
			f := a.filter
			f.UserID = 1
			_, plans, err := s.ExplainedCount(t.Context(), f)
			if err != nil || len(plans) != 1 {
				t.Fatal(plans, err)
			}
			if regexp.MustCompile(`Seq Scan|(?m)SCAN (products|images|i)( USING INDEX .*)?$`).MatchString(plans[0]) {
				t.Errorf("%s is counted by\n%s", a.name, plans[0])
			}
		}
	})
}

// TestPlanOfExternalIDs: those of a batch are looked up along their index, also where the database
// has no statistics yet of the products that were written just now.
func TestPlanOfExternalIDs(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		fill(t, s, 20_000, 1, 1)
		if !s.OneWriter {
			if _, err := s.Writer.ExecContext(t.Context(), "DELETE FROM pg_statistic WHERE starelid = 'products'::regclass"); err != nil {
				t.Fatal(err)
			}
		}
		plan, err := s.ExplainedExternalIDs(t.Context(), 1, []string{"sku-1", "sku-77", "sku-19000", "none"})
		if err != nil || !strings.Contains(plan, "products_by_external_id") || regexp.MustCompile(`Seq Scan|SCAN products`).MatchString(plan) {
			t.Errorf("%v:\n%s", err, plan)
		}
	})
}

// TestPlansOfAll: the products of all users are listed along the primary key, and those with a
// failed image along an index of their own, up to the limit of the page.
func TestPlansOfAll(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		fill(t, s, 20_000, 5_000, 20)
		wanted := map[catalog.Status]string{
			"":             `Limit\n *->  Index (Only )?Scan (Backward )?using products_pkey|SCAN products|SEARCH products USING INTEGER PRIMARY KEY`,
			catalog.Failed: `Limit\n *->  Index (Only )?Scan (Backward )?using products_failed_of_all|(SCAN|SEARCH) products USING (COVERING )?INDEX products_failed_of_all`,
		}
		for _, sort := range []find.Sort{find.Newest, find.Oldest} {
			for _, after := range []find.Position{{}, {ID: 2000}} {
				for status, index := range wanted {
					list, plans, err := s.Explained(t.Context(), catalog.Filter{ImageStatus: status, Sort: sort, Limit: 20, After: after})
					if err != nil || len(list) == 0 {
						t.Fatal(len(list), err)
					}
					for _, plan := range plans {
						if !regexp.MustCompile(index).MatchString(plan) {
							t.Errorf("%q %s after %d does not go along %s:\n%s", status, sort, after.ID, index, plan)
						}
					}
				}
			}
		}
	})
}

// TestPlansOfHosts: the products of all users with an image from a host are listed along the index of hosts, whatever
// the statistics say of how many there are, those with a failed one along that of failures, and those of one user along
// the user's own.
func TestPlansOfHosts(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		fill(t, s, 20_000, 5_000, 20)
		s.SetMostWalked(200)
		along := func(index string) *regexp.Regexp {
			return regexp.MustCompile(fmt.Sprintf(`(?s)%[1]s\b.*(products_pkey|INTEGER PRIMARY KEY)|(products_pkey|INTEGER PRIMARY KEY).*%[1]s\b`, index))
		}
		kinds := map[*regexp.Regexp]catalog.Filter{
			along("images_by_host"):         {},
			along("images_failed_by_host"):  {ImageStatus: catalog.Failed},
			along("images_by_host_of_user"): {UserID: 1},
		}
		bad := regexp.MustCompile(`(?m)Seq Scan|SCAN (products|i)$|SCAN i `)
		for _, host := range []string{"none.example", "rare.example", "old.example", "often.example"} {
			for _, sort := range []find.Sort{find.Newest, find.Oldest} {
				for _, after := range []find.Position{{}, {ID: 2000}} {
					for along, f := range kinds {
						f.SourceHost, f.Sort, f.Limit, f.After = host, sort, 20, after
						_, plans, err := s.Explained(t.Context(), f)
						if err != nil || len(plans) != 1 {
							t.Fatal(plans, err)
						}
						if !along.MatchString(plans[0]) || bad.MatchString(plans[0]) {
							t.Errorf("%+v does not go along %s:\n%s", f, along, plans[0])
						}
					}
				}
			}
		}
	})
}
