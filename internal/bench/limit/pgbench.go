package limit

import (
	"bytes"
	"fmt"
	"maps"
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

	"vitrine.dev/internal/testserver"
)

// PlainTables leaves only the keys of the tables that a create writes.
func (p *Postgres) PlainTables(t *testing.T) {
	t.Helper()
	for _, name := range All(t, p, pgx.RowTo[string], `
		SELECT i.indexrelid::regclass::text FROM pg_index i WHERE NOT i.indisprimary
		AND i.indrelid IN ('products'::regclass, 'images'::regclass, 'events'::regclass)`) {
		p.Exec(t, `DROP INDEX `+name)
	}
}

// PlainInsert returns a script that inserts the rows which the last create has
// inserted. What differs from create to create is a parameter.
func (p *Postgres) PlainInsert(t *testing.T) (script string) {
	t.Helper()
	product, event, images := p.Newest(t, "products", 1)[0], p.Newest(t, "events", 1)[0], p.Newest(t, "images", 2)
	for _, row := range append(images, event) {
		row["product_id"] = "product.id"
	}
	text := fmt.Sprintf(`WITH product AS (INSERT INTO products (%s) VALUES (%s) RETURNING id),
		added AS (INSERT INTO images (%s) SELECT %s FROM product UNION ALL SELECT %s FROM product RETURNING id),
		event AS (INSERT INTO events (%s) SELECT %s FROM product)
		SELECT id, (SELECT count(*) FROM added) FROM product;`,
		product.Columns(), product.Values(), images[0].Columns(), images[0].Values(), images[1].Values(), event.Columns(), event.Values())
	text = strings.NewReplacer("'Smartphone'::text", ":name::text", "'https://example.com/image1.jpg'::text", ":url::text").Replace(text)
	name := filepath.Join(t.TempDir(), "plain.sql")
	if err := os.WriteFile(name, []byte(regexp.MustCompile(`\s+`).ReplaceAllString(text, " ")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Row has a literal of SQL for each column.
type Row map[string]string

// Columns are the names of the row, in one order.
func (r Row) Columns() string { return strings.Join(slices.Sorted(maps.Keys(r)), ", ") }

// Values are the literals, in the order of the names.
func (r Row) Values() string {
	list := slices.Sorted(maps.Keys(r))
	for i, name := range list {
		list[i] = r[name]
	}
	return strings.Join(list, ", ")
}

// Newest returns the last rows of a table, as literals by column, without ids.
func (p *Postgres) Newest(t *testing.T, table string, n int) []Row {
	t.Helper()
	names := All(t, p, pgx.RowToStructByPos[struct{ Name, Type string }], `
		SELECT column_name, data_type FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND column_name <> 'id' ORDER BY ordinal_position`, table)
	literals := make([]string, len(names))
	for i, c := range names {
		literals[i] = fmt.Sprintf(`coalesce(quote_literal(%s::text), 'NULL') || '::%s'`, c.Name, c.Type)
	}
	rows := All(t, p, pgx.RowTo[[]string], fmt.Sprintf(`SELECT ARRAY[%s] FROM public.%s ORDER BY id DESC LIMIT %d`, strings.Join(literals, ", "), table, n))
	if len(rows) != n {
		t.Fatalf("%s has %d rows, want %d", table, len(rows), n)
	}
	list := make([]Row, n)
	for i, row := range rows {
		list[n-1-i] = Row{}
		for j, c := range names {
			list[n-1-i][c.Name] = row[j]
		}
	}
	return list
}

// Seconds is for how long pgbench runs where it is to run for d.
func Seconds(d time.Duration) float64 { return max(1, d.Truncate(time.Second).Seconds()) }

// Ran is what pgbench did: how often, and with how much CPU of its own.
type Ran struct {
	Times int
	CPU   time.Duration
}

// Pgbench runs the script with so many clients for at least a second and returns how often.
func (p *Postgres) Pgbench(t *testing.T, script string, clients int, d time.Duration, defines ...string) (r Ran) {
	t.Helper()
	args := []string{
		"--no-vacuum", "--protocol=prepared", "--client=" + strconv.Itoa(clients), "--jobs=2", "--time=" + strconv.Itoa(int(Seconds(d))),
		"--file=" + script, "--host=" + p.Env["DB_HOST"], "--port=" + p.Env["DB_PORT"], "--username=vitrine",
	}
	for _, define := range append(defines, "name=Smartphone", "url=https://example.com/image1.jpg") {
		args = append(args, "--define="+define)
	}
	cmd := exec.CommandContext(t.Context(), testserver.PostgresProgram(t, "pgbench"), append(args, "postgres")...) //nolint:gosec // of the test
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
	if r.Times, err = strconv.Atoi(string(found[1])); err != nil || r.Times == 0 {
		t.Fatalf("pgbench did %s transactions: this shows nothing", found[1])
	}
	r.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return r
}
