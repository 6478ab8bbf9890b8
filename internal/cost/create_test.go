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
// primary and foreign keys and no other index. Each has a server of its own, so
// that what vacuum does in the other's turn counts for the right one.
func TestCreate(t *testing.T) {
	d := turn(t)
	p, plain := newPostgres(t), newPostgres(t)
	store := p.store(t, clients)
	if _, err := store.CreateProduct(t.Context(), phone()); err != nil {
		t.Fatal(err)
	}
	script := p.plainInsert(t)
	plain.plainTables(t)
	var creates, inserts int
	start, startPlain := p.cpu(t), plain.cpu(t)
	for range rounds {
		before, beforePlain := p.cpu(t), plain.cpu(t)
		n := repeat(t, d, func(ctx context.Context, client, n int) error {
			product := phone()
			product.Name = fmt.Sprintf("Smartphone %d, dual SIM, 128 GB, no. %d", client, n) // of which the index of trigrams has many
			_, err := store.CreateProduct(ctx, product)
			return err
		})
		m := plain.pgbench(t, script, d)
		t.Logf("create %.0f µs of %d, plain insert %.0f µs of %d",
			micros(p.cpu(t)-before, n), n, micros(plain.cpu(t)-beforePlain, m), m)
		creates, inserts = creates+n, inserts+m
	}
	ours, theirs := micros(p.cpu(t)-start, creates), micros(plain.cpu(t)-startPlain, inserts)
	limit(t, ours/theirs, 2.2, "PostgreSQL CPU per create, %.0f µs, as a multiple of the plain insert, %.0f µs", ours, theirs)
}

// plainTables leaves only the keys of the tables that a create writes.
func (p *postgres) plainTables(t *testing.T) {
	t.Helper()
	for _, name := range all(t, p, pgx.RowTo[string], `
		SELECT i.indexrelid::regclass::text FROM pg_index i WHERE NOT i.indisprimary
		AND i.indrelid IN ('products'::regclass, 'images'::regclass, 'events'::regclass)`) {
		p.exec(t, `DROP INDEX `+name)
	}
}

// plainInsert returns a script that inserts the rows which the last create has
// inserted. What differs from create to create is a parameter.
func (p *postgres) plainInsert(t *testing.T) (script string) {
	t.Helper()
	product, event, images := p.newest(t, "products", 1)[0], p.newest(t, "events", 1)[0], p.newest(t, "images", 2)
	for _, row := range append(images, event) {
		row["product_id"] = "product.id"
	}
	text := fmt.Sprintf(`WITH product AS (INSERT INTO products (%s) VALUES (%s) RETURNING id),
		added AS (INSERT INTO images (%s) SELECT %s FROM product UNION ALL SELECT %s FROM product RETURNING id),
		event AS (INSERT INTO events (%s) SELECT %s FROM product)
		SELECT id, (SELECT count(*) FROM added) FROM product;`,
		join(columns(product)), values(product), join(columns(images[0])), values(images[0]), values(images[1]),
		join(columns(event)), values(event))
	text = strings.NewReplacer("'Smartphone'::text", ":name::text", "'https://example.com/image1.jpg'::text", ":url::text").Replace(text)
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
	if times, err = strconv.Atoi(string(found[1])); err != nil || times == 0 {
		t.Fatalf("pgbench did %s transactions: this shows nothing", found[1])
	}
	return times
}
