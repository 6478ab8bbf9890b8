package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/copysql"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

func pass(context.Context, *sql.Tx) error { return nil }

func finished(context.Context) error { return nil }

func unseen(string, int64, int64) {}

// TestCopyOfEveryColumn: rows with a value in every column of every table come
// through every pair of databases as they are.
func TestCopyOfEveryColumn(t *testing.T) {
	t.Parallel()
	tables, err := sqlstore.TablesOfSchema(t.Context())
	if err != nil || len(tables) < 8 {
		t.Fatal(tables, err)
	}
	first := openSQLite(t, filepath.Join(t.TempDir(), "first.db"))
	const rows = 1100 // more than are reported at once
	fillTables(t, first, tables, rows)
	want := dump(t, first, tables)
	for i, target := range []*sqlstore.Store{
		openPostgres(t, testserver.Postgres(t)), openPostgres(t, testserver.Postgres(t)),
		openSQLite(t, filepath.Join(t.TempDir(), "last.db")), openSQLite(t, filepath.Join(t.TempDir(), "beside.db")),
	} {
		seen := map[string]int64{}
		counted, err := copysql.Copy(t.Context(), first.DB, target.DB, copysql.Order{
			Tables: tables, Check: pass, Finish: pass, Progress: func(table string, done, all int64) {
				if done <= seen[table] || done > all {
					t.Errorf("%s: %d of %d after %d", table, done, all, seen[table])
				}
				seen[table] = done
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			if counted[table.Name] < rows || seen[table.Name] != counted[table.Name] {
				t.Errorf("%s: %d rows, %d of them reported", table.Name, counted[table.Name], seen[table.Name])
			}
		}
		for name, got := range dump(t, target, tables) {
			if got != want[name] {
				t.Errorf("copy %d has other rows in %s:\n%.300s\nwant\n%.300s", i, name, got, want[name])
			}
		}
		first = target
	}
}

// fillTables writes rows into every table, with the same number in what refers and is
// referred to.
func fillTables(t *testing.T, s *sqlstore.Store, tables []copysql.Table, rows int) {
	t.Helper()
	oneOf := regexp.MustCompile(`CHECK \((\w+) IN \('(\w+)'`)
	for _, table := range slices.Backward(tables) {
		if err := s.Exec(t.Context(), `DELETE FROM `+table.Name); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range tables {
		var text string
		if err := s.Reader.QueryRowContext(t.Context(), `SELECT sql FROM sqlite_master WHERE name = $1`, table.Name).Scan(&text); err != nil {
			t.Fatal(err)
		}
		allowed := map[string]string{}
		for _, match := range oneOf.FindAllStringSubmatch(text, -1) {
			allowed[match[1]] = match[2]
		}
		values := make([]string, len(table.Columns))
		for i, column := range table.Columns {
			kind := text[regexp.MustCompile(`\b` + column + ` +[A-Z]`).FindStringIndex(text)[1]-1:]
			switch {
			case allowed[column] != "":
				values[i] = "'" + allowed[column] + "'"
			case column == "id" && table.Sequence, strings.HasSuffix(column, "_id") && !strings.HasPrefix(kind, "TEXT"):
				values[i] = "n"
			case strings.HasSuffix(column, "key"):
				values[i] = "'key ' || n"
			case strings.HasPrefix(kind, "TEXT"):
				values[i] = fmt.Sprintf(`'%s " '' {"ä😀":%d} ' || n`, column, i)
			case strings.HasPrefix(kind, "BLOB"):
				values[i] = fmt.Sprintf(`CAST(x'00ff%02x' || n AS BLOB)`, i)
			case strings.HasPrefix(kind, "BOOLEAN"):
				values[i] = "n % 2"
			default:
				values[i] = fmt.Sprintf("n + %d", i)
			}
		}
		err := s.Exec(t.Context(), fmt.Sprintf(`INSERT INTO %s ("%s") WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < %d) SELECT %s FROM r`,
			table.Name, strings.Join(table.Columns, `", "`), rows, strings.Join(values, ", ")))
		if err != nil {
			t.Fatalf("%s: %v", table.Name, err)
		}
	}
}

// dump returns the rows of the tables as text.
func dump(t *testing.T, s *sqlstore.Store, tables []copysql.Table) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, table := range tables {
		rows, err := sqldb.Collect(t.Context(), s.Reader, func(row sqldb.Row, text *string) error {
			values, into := make([]any, len(table.Columns)), make([]any, len(table.Columns))
			for i := range values {
				into[i] = &values[i]
			}
			err := row.Scan(into...)
			*text = fmt.Sprintf("%T %[1]q", values)
			return err
		}, fmt.Sprintf(`SELECT "%s" FROM %s`, strings.Join(table.Columns, `", "`), table.Name))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(rows)
		all[table.Name] = strings.Join(rows, "\n")
	}
	return all
}

// TestCopyIsTheSameInstallation: products have their ids at the target, deleted
// ones keep theirs, and what was leased at the source can be begun.
func TestCopyIsTheSameInstallation(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs(t) {
		source, target := pair[0], pair[1]
		var last catalog.Product
		for range 3 {
			p, err := source.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "x", Images: []string{"https://x.test/a.jpg"}})
			if err != nil {
				t.Fatal(err)
			}
			last = p
		}
		if _, err := source.DeleteProduct(t.Context(), last.ID, storetest.Unchecked); err != nil {
			t.Fatal(err)
		}
		if left := due(t, source); left != 2 {
			t.Fatalf("%s: %d jobs at the source", name, left)
		}
		external := []installation.Part{installation.Queue}
		if rows, err := source.CopyTo(t.Context(), target, external, finished, unseen); err != nil || rows["products"] != 2 || rows["images"] != 2 {
			t.Fatal(name, rows, err)
		}
		from, _, err := source.Installation(t.Context())
		to, _, err2 := target.Installation(t.Context())
		if from.ID != to.ID || from.Epoch == to.Epoch || to.EpochAge > time.Minute || !slices.Equal(to.External, external) || err != nil || err2 != nil {
			t.Errorf("%s: installation %+v is %+v, %v, %v", name, from, to, err, err2)
		}
		if got := due(t, target); got != 2 {
			t.Errorf("%s: %d jobs can be taken at the target", name, got)
		}
		p, err := target.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "next"})
		if err != nil || p.ID != last.ID+1 {
			t.Errorf("%s: the next product is %d after %d, %v", name, p.ID, last.ID, err)
		}
	}
}

// due dispatches all that is due.
func due(t *testing.T, s *sqlstore.Store) int {
	t.Helper()
	request, plan := dispatch.Single(time.Hour, dispatch.LineWindow, 1<<20)
	step, err := s.DispatchStep(t.Context(), request, plan)
	if err != nil {
		t.Fatal(err)
	}
	return len(step.Jobs)
}

func pairs(t *testing.T) map[string][2]*sqlstore.Store {
	t.Helper()
	lite := func() *sqlstore.Store { return openSQLite(t, filepath.Join(t.TempDir(), "vitrine.db")) }
	server := func() *sqlstore.Store { return openPostgres(t, testserver.Postgres(t)) }
	all := map[string][2]*sqlstore.Store{"to a server": {lite(), server()}, "back": {server(), lite()}}
	for _, pair := range all { // the tests' users would be in the way
		if err := pair[1].Exec(t.Context(), `DELETE FROM users WHERE id > 1`); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestCopyIsRefused into a database that has something, and leaves nothing where
// it fails.
func TestCopyIsRefused(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs(t) {
		source, target := pair[0], pair[1]
		if _, err := source.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "mine"}); err != nil {
			t.Fatal(err)
		}
		broken := errors.New("broken")
		if _, err := source.CopyTo(t.Context(), target, nil, func(context.Context) error { return broken }, unseen); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if err := target.CheckEmpty(t.Context()); err != nil {
			t.Errorf("%s: after a failure: %v", name, err)
		}
		p, err := target.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "theirs"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = source.CopyTo(t.Context(), target, nil, finished, unseen)
		if !errors.Is(err, sqlstore.ErrNotEmpty) || fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := target.Product(t.Context(), p.ID); err != nil || got.Name != "theirs" {
			t.Errorf("%s: the product that was there is %+v, %v", name, got, err)
		}
		if _, err := target.DeleteProduct(t.Context(), p.ID, storetest.Unchecked); err != nil {
			t.Fatal(err)
		}
		if err := target.Exec(t.Context(), `INSERT INTO users (name, created_at) VALUES ('Second', 0)`); err != nil {
			t.Fatal(err)
		}
		if _, err = source.CopyTo(t.Context(), target, nil, finished, unseen); !errors.Is(err, sqlstore.ErrNotEmpty) {
			t.Errorf("%s: with users: %v", name, err)
		}
	}
}

// TestCopyOfADatabaseInUse is of one moment: no image without its product, no
// product that was made in between.
func TestCopyOfADatabaseInUse(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs(t) {
		source, target := pair[0], pair[1]
		for range 3 {
			if _, err := source.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "x", Images: []string{"https://x.test/a.jpg"}}); err != nil {
				t.Fatal(err)
			}
		}
		between := 0
		rows, err := source.CopyTo(t.Context(), target, nil, finished, func(string, int64, int64) {
			between++
			if _, err := source.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "y", Images: []string{"https://x.test/b.jpg"}}); err != nil {
				t.Error(err)
			}
		})
		if err != nil || rows["products"] != 3 || rows["images"] != 3 || between < 4 {
			t.Errorf("%s: %v after %d creates in between, %v", name, rows, between, err)
		}
	}
}
