package cost_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/systemtest"
)

const (
	findMost    = 10. // ms of CPU for a page
	findPercent = 50. // where one in a hundred of the user's products matches
	// What a page touches, in buffers of PostgreSQL: a sample of 200, eight each, and 1,667 rows that lie anywhere or more that
	// lie together; the rows of one user in a hundred lie anywhere as well.
	buffersMost, buffersPercent = 6_000, 8_000
)

// named are names that are looked for, by how many products have them and where; see fillNames.
var named = []struct {
	what    string
	f       catalog.Filter
	percent bool // one in a hundred has it
}{
	{what: "never", f: catalog.Filter{Query: "lampion"}},
	{what: "never, each trigram often", f: catalog.Filter{Query: "modell lampe"}},
	{what: "never, accent, % and _", f: catalog.Filter{Query: "É%_tagère"}},
	{what: "once", f: catalog.Filter{Query: "einzig"}},
	{what: "10", f: catalog.Filter{Query: "Quetzál"}},
	{what: "1 %, everywhere", f: catalog.Filter{Query: "50%_off"}, percent: true},
	{what: "1 %, the oldest", f: catalog.Filter{Query: "altware"}, percent: true},
	{what: "30 %, everywhere", f: catalog.Filter{Query: "ampe m"}},
	{what: "40 %, the oldest", f: catalog.Filter{Query: "ancien"}},
	{what: "70 %, everywhere", f: catalog.Filter{Query: "stuhl"}},
	{what: "all but the newest 5,000", f: catalog.Filter{Query: "meiste"}},
	{what: "three characters, often", f: catalog.Filter{Query: "amp"}},
	{what: "three signs, never", f: catalog.Filter{Query: "?!?"}},
	{what: "how it begins, two characters", f: catalog.Filter{Query: "qu"}},
	{what: "two characters anywhere, never", f: catalog.Filter{Name: "qx"}},
	{what: "one character anywhere, often", f: catalog.Filter{Name: "é"}},
	{what: "two names, both often, never together", f: catalog.Filter{Query: "stuhl", Name: "lampe"}},
}

// fillNames is a statement that gives user 1 nine of each ten of so many products, and user 2 those between. The
// prices and the times of edits have another order than the ids.
func fillNames(products int, series string) string {
	return fmt.Sprintf(series, products) + fmt.Sprintf(`
		INSERT INTO products (user_id, name, name_folded, description, price, version, revision, external_id, created_at, updated_at, revised_at,
		                      images_pending, images_ready, images_failed)
		SELECT CASE n %% 10 WHEN 0 THEN 2 ELSE 1 END, name, name, 'a description', n * 7919 %% 99991, 1, 1, 'sku-' || CAST(n AS TEXT),
		       1700000000000, 1700000000000 + n * 104729 %% 1000003 * 1000, 0, 0, 2, 0
		FROM (SELECT n, CASE WHEN n %% (%[1]d / 10) = 17 THEN 'quetzal ' ELSE '' END || CASE WHEN n = 4711 THEN 'einzig ' ELSE '' END
		             || CASE WHEN n / 10 %% 10 < 3 THEN 'lampe ' ELSE 'stuhl ' END || 'modell ' || CAST(n * 7919 %% 1000003 AS TEXT)
		             || CASE WHEN n / 10 %% 100 = 7 THEN ' 50%%_off' ELSE '' END || CASE WHEN n <= %[1]d / 100 THEN ' altware' ELSE '' END
		             || CASE WHEN n <= %[1]d / 5 * 2 THEN ' ancien' ELSE '' END || CASE WHEN n <= %[1]d - 5556 THEN ' meiste' ELSE '' END AS name FROM series) AS named`, products)
}

// TestFind: CPU and, of PostgreSQL, buffers of a page of 20 products by a part of their names: the first, the one that follows it, one
// from the middle and one near the end, in each order, of a user who has nearly all products and of one whose
// products lie between them, with 10,000 and 1,000,000. Each is the median of five. COST_FIND is another number.
func TestFind(t *testing.T) {
	turn(t)
	sizes := []int{10_000, 1_000_000}
	if text := os.Getenv("COST_FIND"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 10_000 {
			t.Fatalf("COST_FIND is %q, and 10,000 is the least", text)
		}
		sizes = []int{n}
	}
	for _, products := range sizes {
		t.Run(fmt.Sprintf("PostgreSQL/%d", products), func(t *testing.T) {
			p := newCounted(t, "autovacuum=off", "fsync=off")
			s := p.Store(t, 1, quiet())
			p.Exec(t, `INSERT INTO users (id, name, created_at) VALUES (2, 'Two', 0)`)
			p.Exec(t, fillNames(products, `WITH series (n) AS (SELECT generate_series(1::BIGINT, %d)) `))
			p.Exec(t, `VACUUM ANALYZE`)
			findAll(t, s, products, func() time.Duration { return p.BackendsCPU(t) }, func() int64 {
				n := p.Counts(t, "").Blocks
				p.ResetCounts(t)
				return n
			})
		})
		t.Run(fmt.Sprintf("SQLite/%d", products), func(t *testing.T) {
			s, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "vitrine.db"), quiet())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, statement := range []string{
				`INSERT OR IGNORE INTO users (id, name, created_at) VALUES (1, 'One', 0), (2, 'Two', 0)`,
				fillNames(products, `WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < %d) `),
			} {
				if _, err := s.Writer.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			findAll(t, s, products, func() time.Duration { return systemtest.OwnCPU(t) }, func() int64 { return 0 })
		})
	}
}

// findAll prints a row for each name: the dearest page of all orders, and holds all to the limits.
func findAll(t *testing.T, s *sqlstore.Store, products int, cpu func() time.Duration, buffers func() int64) {
	t.Helper()
	service := catalog.NewService(s, nil, catalog.DefaultKeyTTL)
	for _, n := range named {
		for user, whose := range []string{1: "of nearly all", 2: "between others'"} {
			if user == 0 {
				continue
			}
			worst, most, at, found := 0., 0., "", 0
			var medians []float64
			for _, sort := range find.Sorts() {
				f := n.f
				f.UserID, f.Limit, f.Sort = int64(user), 20, sort
				places := []find.Position{{}, {}, nth(t, s, f, products/2), nth(t, s, f, products-products/50)}
				for i, place := range places {
					if f.After = place; i == 1 && f.After.ID == 0 {
						continue // there is no page behind the first
					}
					var times, touched []float64
					var page catalog.Page
					for range 5 {
						buffers()
						before := cpu()
						var err error
						if page, err = service.List(t.Context(), f); err != nil {
							t.Fatalf("%s: %v", n.what, err)
						}
						times = append(times, float64((cpu()-before).Microseconds())/1000)
						touched = append(touched, float64(buffers()))
					}
					if i == 0 {
						found = max(found, len(page.Products))
						places[1] = page.Next
					}
					medians = append(medians, median(times))
					most = max(most, median(touched))
					if m := median(times); m > worst {
						worst, at = m, fmt.Sprintf("%s, place %d", sort, i)
					}
				}
			}
			limit, blocks := findMost, float64(buffersMost)
			if n.percent {
				limit, blocks = findPercent, buffersPercent
			}
			what := fmt.Sprintf("%s (%s), a first page of up to %d: ms of CPU, %.1f as median of all pages, the most", n.what, whose, found, median(medians))
			atMost(t, worst, limit, "%s (%s)", what, at)
			if !s.OneWriter {
				atMost(t, most, blocks, "%s (%s): buffers", n.what, whose)
			}
		}
	}
}

// nth is the position of the product of the user that comes after so many of all products in the order.
func nth(t *testing.T, s *sqlstore.Store, f catalog.Filter, n int) (p find.Position) {
	t.Helper()
	if f.UserID == 1 {
		n = n / 10 * 9
	} else {
		n /= 10
	}
	key := map[find.Sort]string{find.Updated: "updated_at", find.Cheapest: "price", find.Dearest: "price", find.Alphabetical: "name_folded"}[f.Sort]
	by := cmp.Or(key, "id")
	text, number := "''", cmp.Or(key, "0")
	if f.Sort == find.Alphabetical {
		text, number = "name_folded", "0"
	}
	direction := ""
	if f.Sort.Descending() {
		direction = " DESC"
	}
	err := s.Writer.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT id, %s, %s FROM products WHERE user_id = $1 ORDER BY %[3]s%[4]s, id%[4]s LIMIT 1 OFFSET %[5]d`,
		number, text, by, direction, n), f.UserID).Scan(&p.ID, &p.Number, &p.Text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
