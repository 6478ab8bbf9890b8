package growth_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/systemtest"
)

const (
	users      = 1000 // the first has half of the products
	hosts      = 100
	fillAtOnce = 1_000_000
)

// catalogue is a database that is filled with products.
type catalogue struct {
	*sqlstore.Store

	name     string
	products int
	made     int                  // images, by create
	steps    *dispatch.Steps      // of its dispatcher
	cpu      func() time.Duration // of what reads and writes the database
	blocks   func() int64         // buffers that were touched; nil where that is not counted
	exec     func(statement string)
	series   string                            // of the numbers 1 to %d
	analyze  func()                            // after many rows were written
	size     func() (bytes int64, dead string) // of products and images with their indexes; of SQLite all pages that are in use
}

// onPostgres has one connection, so that what is measured is one after the other.
func onPostgres(t *testing.T) *catalogue {
	t.Helper()
	p := limit.NewCounted(t, "shared_buffers=2GB", "max_wal_size=16GB", "maintenance_work_mem=512MB", "checkpoint_timeout=30min")
	g := &catalogue{
		name: "PostgreSQL", Store: p.Store(t, 1, quiet()), cpu: func() time.Duration { return p.BackendsCPU(t) },
		blocks: func() int64 { return p.Counts(t, "").Blocks },
		exec:   func(statement string) { p.Exec(t, statement) },
		series: `WITH series AS (SELECT n FROM generate_series(1::BIGINT, %d) AS s(n))`,
	}
	g.analyze = func() {
		for _, table := range []string{"products", "images"} {
			p.Exec(t, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('%s', 'id'), (SELECT max(id) FROM %[1]s))`, table))
		}
		p.Exec(t, `VACUUM ANALYZE`)
		p.Exec(t, `CHECKPOINT`)
	}
	g.size = func() (int64, string) {
		return p.Number(t, `SELECT pg_total_relation_size('products') + pg_total_relation_size('images')`),
			figure(float64(p.Number(t, `SELECT sum(n_dead_tup)::BIGINT FROM pg_stat_user_tables WHERE relname IN ('products', 'images')`)), "")
	}
	g.begin(t)
	p.Exec(t, `SET session_replication_role = replica`) // the rows that are filled in are right as they are: no foreign key is looked up
	return g
}

func onSQLite(t *testing.T) *catalogue {
	t.Helper()
	s, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "vitrine.db"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	g := &catalogue{
		name: "SQLite", Store: s, cpu: func() time.Duration { return systemtest.OwnCPU(t) },
		exec: func(statement string) {
			if _, err := s.Writer.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		},
		series: `WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < %d)`,
	}
	g.analyze = func() {} // the program keeps no statistics there, so that plans are always the same
	g.size = func() (int64, string) {
		return g.number(t, `SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size`), "–"
	}
	g.begin(t)
	return g
}

// begin makes the users, the hosts, and one product with an image that is ready, of which all others are copies.
func (g *catalogue) begin(t *testing.T) {
	t.Helper()
	limits := dispatch.DefaultConfig().Limits
	limits.Slots, limits.Host, limits.Life = 1024, 1024, time.Hour
	g.steps = &dispatch.Steps{Limits: limits}
	g.exec(fmt.Sprintf(g.series+` INSERT INTO users (id, name, created_at) SELECT n, 'User', 0 FROM series WHERE n > 1`, users))
	g.exec(fmt.Sprintf(g.series+` INSERT INTO hosts (host, answered_at, recent_ms) SELECT 'host' || (n - 1) || '.example', %d, 200 FROM series`,
		hosts, time.Now().UnixMilli()))
	g.create(t, 1, 1)
	g.complete(t, 1)
	g.products = 1
}

// fill adds products of all users, each with an image that is ready and a rendition of its own, until there are so many.
func (g *catalogue) fill(t *testing.T, products int) {
	t.Helper()
	const owner, key = `CASE k % 2 WHEN 0 THEN 1 ELSE 2 + k / 2 % 999 END`, `CAST(k * 2654435761 % 4294967296 AS TEXT) || '-' || CAST(k AS TEXT)`
	for g.products < products {
		n := min(products-g.products, fillAtOnce)
		from := fmt.Sprintf(`(SELECT n + %d AS k FROM series) AS numbered`, g.number(t, `SELECT max(id) FROM products`))
		g.copyRows(t, "renditions", n, from, map[string]string{"key": key})
		g.copyRows(t, "products", n, from, map[string]string{
			"id": "k", "user_id": owner, "name": `'Smartphone ' || CAST(k * 7919 % 1000003 AS TEXT) || ' dual SIM'`,
			"name_folded": `'smartphone ' || CAST(k * 7919 % 1000003 AS TEXT) || ' dual sim'`, "price": "k * 7919 % 99991",
			"external_id": `'sku-' || CAST(k AS TEXT)`, "updated_at": "old.updated_at + k * 1000 % 1000003", "cover_key": key,
		})
		g.copyRows(t, "images", n, from, map[string]string{
			"id": g.nextImage(t), "product_id": "k", "user_id": owner, "source_url": fmt.Sprintf(`'https://host' || CAST(k %% %d AS TEXT) || '.example/' || CAST(k AS TEXT) || '.jpg'`, hosts),
			"source_host": fmt.Sprintf(`'host' || CAST(k %% %d AS TEXT) || '.example'`, hosts), "rendition_key": key,
		})
		g.products += n
	}
	g.analyze()
}

// nextImage are ids of images that no other has.
func (g *catalogue) nextImage(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("k + %d", g.number(t, `SELECT max(id) FROM images`))
}

// copyRows inserts n copies of the first row of the table, where they differ from it as k says.
func (g *catalogue) copyRows(t *testing.T, table string, n int, from string, differ map[string]string) {
	t.Helper()
	rows, err := g.Writer.QueryContext(t.Context(), `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := rows.Columns()
	_ = rows.Close()
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	values := make([]string, len(columns))
	for i, name := range columns {
		if values[i] = differ[name]; values[i] == "" {
			values[i] = "old." + name
		}
	}
	first := "id = 1"
	if table == "renditions" {
		first = "key = '" + rendition(1).Key + "'"
	}
	g.exec(fmt.Sprintf(g.series+` INSERT INTO %s (%s) SELECT %s FROM %s, (SELECT * FROM %[2]s WHERE %[6]s) AS old`,
		n, table, strings.Join(columns, ", "), strings.Join(values, ", "), from, first))
}

func (g *catalogue) number(t *testing.T, query string) (n int64) {
	t.Helper()
	if err := g.Writer.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func newProduct(images ...string) catalog.NewProduct {
	return catalog.NewProduct{UserID: 1, Name: "Smartphone", Description: "Latest model with advanced features", Price: 99999, Images: images}
}

// create creates a product of the user with so many images.
func (g *catalogue) create(t *testing.T, user int64, images int) catalog.Product {
	t.Helper()
	draft := newProduct()
	draft.UserID, draft.Name = user, fmt.Sprintf("Smartphone %d, dual SIM, 128 GB", g.made)
	for range images {
		g.made++
		draft.Images = append(draft.Images, fmt.Sprintf("https://host%d.example/created/%d.jpg", g.made%hosts, g.made))
	}
	p, err := g.CreateProduct(t.Context(), draft)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
