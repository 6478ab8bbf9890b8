package cost_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/testserver"
)

func phone() catalog.NewProduct {
	return catalog.NewProduct{
		UserID: 1, Name: "Smartphone", Description: "Latest model with advanced features", Price: 99999,
		Images: []string{"https://example.com/image1.jpg", "https://example.com/image2.jpg"}, RequestID: "cost",
	}
}

func (p *postgres) store(t *testing.T, maxConns int32) *sqlstore.Store {
	t.Helper()
	port, err := strconv.ParseUint(p.env["DB_PORT"], 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.OpenPostgres(t.Context(), sqldb.PostgresConfig{
		Host: p.env["DB_HOST"], Port: uint16(port), User: "vitrine", Password: "vitrine", Name: "postgres", SSLMode: "disable",
		MaxConns: maxConns,
	}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestCreate: PostgreSQL's CPU for each create with two images, as a ratio to one
// prepared statement of pgbench that inserts the same rows into tables with
// primary and foreign keys and no other index.
func TestCreate(t *testing.T) {
	d := turn(t)
	p := newPostgres(t)
	store := p.store(t, clients)
	ctx := t.Context()
	if _, err := store.CreateProduct(ctx, phone()); err != nil {
		t.Fatal(err)
	}
	script := p.plainTables(t)
	var ours, plain, ratios []float64
	for range rounds {
		before := p.cpu(t)
		n := repeat(t, d, func(ctx context.Context, _, _ int) error {
			_, err := store.CreateProduct(ctx, phone())
			return err
		})
		middle := p.cpu(t)
		m := p.pgbench(t, script, d)
		after := p.cpu(t)
		ours, plain = append(ours, micros(middle-before, n)), append(plain, micros(after-middle, m))
		ratios = append(ratios, ours[len(ours)-1]/plain[len(plain)-1])
		t.Logf("create %.0f µs of %d, plain insert %.0f µs of %d: %.2f", ours[len(ours)-1], n, plain[len(plain)-1], m, ratios[len(ratios)-1])
	}
	limit(t, median(ratios), 1.7, "PostgreSQL CPU per create, %.0f µs, as a multiple of the plain insert, %.0f µs", median(ours), median(plain))
}

// plainTables makes tables of the same columns in a schema of their own, and returns
// a script that inserts the rows which the last create has inserted.
func (p *postgres) plainTables(t *testing.T) (script string) {
	t.Helper()
	p.exec(t, `CREATE SCHEMA plain`)
	for _, table := range []string{"users", "products", "images", "events"} {
		p.exec(t, fmt.Sprintf(`CREATE TABLE plain.%s (LIKE public.%[1]s INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING CONSTRAINTS)`, table))
		p.exec(t, fmt.Sprintf(`ALTER TABLE plain.%s ADD PRIMARY KEY (id)`, table))
	}
	p.exec(t, `INSERT INTO plain.users SELECT * FROM public.users`)
	p.exec(t, `ALTER TABLE plain.products ADD FOREIGN KEY (user_id) REFERENCES plain.users (id)`)
	p.exec(t, `ALTER TABLE plain.images ADD FOREIGN KEY (product_id) REFERENCES plain.products (id) ON DELETE CASCADE`)
	product := p.newest(t, "products", 1)[0]
	event := p.newest(t, "events", 1)[0]
	images := p.newest(t, "images", 2)
	withID := func(row map[string]string, list []string) string {
		return strings.Join(slices.Collect(func(yield func(string) bool) {
			for _, column := range list {
				value := row[column]
				if column == "product_id" {
					value = "product.id"
				}
				if !yield(value) {
					return
				}
			}
		}), ", ")
	}
	text := fmt.Sprintf(`WITH product AS (INSERT INTO plain.products (%s) VALUES (%s) RETURNING id),
		added AS (INSERT INTO plain.images (%s) SELECT %s FROM product UNION ALL SELECT %s FROM product RETURNING id),
		event AS (INSERT INTO plain.events (%s) SELECT %s FROM product)
		SELECT id, (SELECT count(*) FROM added) FROM product;`,
		strings.Join(columns(product), ", "), withID(product, columns(product)),
		strings.Join(columns(images[0]), ", "), withID(images[0], columns(images[0])), withID(images[1], columns(images[1])),
		strings.Join(columns(event), ", "), withID(event, columns(event)))
	// What differs from create to create is a parameter.
	text = strings.ReplaceAll(strings.ReplaceAll(text, "'Smartphone'::text", ":name::text"), "'https://example.com/image1.jpg'::text", ":url::text")
	name := filepath.Join(t.TempDir(), "plain.sql")
	if err := os.WriteFile(name, []byte(regexp.MustCompile(`\s+`).ReplaceAllString(text, " ")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// newest returns the last rows of a table, as literals by column, without ids.
func (p *postgres) newest(t *testing.T, table string, n int) []map[string]string {
	t.Helper()
	names := all(t, p, pgx.RowToStructByPos[struct{ Name, Type string }], `
		SELECT column_name, data_type FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND column_name <> 'id' ORDER BY ordinal_position`, table)
	literals := make([]string, len(names))
	for i, c := range names {
		literals[i] = fmt.Sprintf(`coalesce(quote_literal(%s::text), 'NULL') || '::%s'`, c.Name, c.Type)
	}
	rows := all(t, p, pgx.RowTo[[]string], fmt.Sprintf(`SELECT ARRAY[%s] FROM public.%s ORDER BY id DESC LIMIT %d`, join(literals), table, n))
	if len(rows) != n {
		t.Fatalf("%s has %d rows, want %d", table, len(rows), n)
	}
	list := make([]map[string]string, n)
	for i, row := range rows {
		list[n-1-i] = map[string]string{}
		for j, c := range names {
			list[n-1-i][c.Name] = row[j]
		}
	}
	return list
}

// columns are those of a row, in one order.
func columns(row map[string]string) []string {
	list := make([]string, 0, len(row))
	for name := range row {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// pgbench runs the script with as many clients and returns how often.
func (p *postgres) pgbench(t *testing.T, script string, d time.Duration) (times int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testserver.PostgresProgram(t, "pgbench"), "--no-vacuum", "--protocol=prepared",
		"--client="+strconv.Itoa(clients), "--jobs=2", "--time="+strconv.Itoa(max(1, int(d.Seconds()))), "--file="+script,
		"--define=name=Smartphone", "--define=url=https://example.com/image1.jpg",
		"--host="+p.env["DB_HOST"], "--port="+p.env["DB_PORT"], "--username=vitrine", "postgres")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pgbench: %v: %s", err, &stderr)
	}
	found := regexp.MustCompile(`transactions actually processed: (\d+)`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("pgbench printed %s", out)
	}
	times, _ = strconv.Atoi(string(found[1]))
	return times
}
