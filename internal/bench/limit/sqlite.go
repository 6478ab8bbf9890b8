package limit

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// SQLite is a file with the program's tables, their keys and no other index, and what a create has inserted.
type SQLite struct {
	db   *sql.DB
	rows []sqliteRow
}

type sqliteRow struct {
	insert *sql.Stmt
	values []any
	key    int // the column with the product's id in values; -1: it is the product
}

// NewSQLite copies the rows of the newest create in the database at path, and returns a new file that takes them.
func NewSQLite(t *testing.T, path string) *SQLite {
	t.Helper()
	from := openSQLite(t, "file:"+path+"?mode=ro")
	s := &SQLite{db: openSQLite(t, "file:"+filepath.Join(t.TempDir(), "plain.db")+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_txlock=immediate")}
	s.db.SetMaxOpenConns(1)
	s.tables(t, from)
	s.exec(t, `INSERT INTO users (id, name, created_at) VALUES (1, 'User', 0)`)
	s.take(t, from, "products", `ORDER BY id DESC LIMIT 1`)
	s.take(t, from, "images", `WHERE product_id = (SELECT max(id) FROM products) ORDER BY id`)
	s.take(t, from, "events", `WHERE product_id = (SELECT max(id) FROM products) ORDER BY id LIMIT 1`)
	return s
}

// tables makes those of the other database, without its indexes.
func (s *SQLite) tables(t *testing.T, from *sql.DB) {
	t.Helper()
	found, err := from.QueryContext(t.Context(), `
		SELECT m.sql FROM pragma_table_list l JOIN sqlite_master m ON m.name = l.name
		WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var statement string
		if err := found.Scan(&statement); err != nil {
			t.Fatal(err)
		}
		s.exec(t, statement)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
}

func openSQLite(t *testing.T, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (s *SQLite) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := s.db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// take has the rows inserted by each Create, without their ids.
func (s *SQLite) take(t *testing.T, from *sql.DB, table, which string) {
	t.Helper()
	found, err := from.QueryContext(t.Context(), `SELECT * FROM `+table+` `+which) //nolint:gosec // both are this file's
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	id := slices.Index(names, "id")
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(names)-1), ", ")
	others := slices.Delete(slices.Clone(names), id, id+1)
	insert, err := s.db.PrepareContext(t.Context(), `INSERT INTO `+table+` (`+strings.Join(others, ", ")+`) VALUES (`+marks+`)`) //nolint:gosec // names of columns
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.rows)
	for found.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		s.rows = append(s.rows, sqliteRow{
			insert: insert, values: slices.Delete(values, id, id+1), key: slices.Index(others, "product_id"),
		})
	}
	if err := found.Err(); err != nil || len(s.rows) == before {
		t.Fatalf("%s has %d rows, %v", table, len(s.rows)-before, err)
	}
}

// Create inserts the rows in a transaction of their own, which is synced.
func (s *SQLite) Create(t *testing.T) {
	t.Helper()
	tx, err := s.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	var product int64
	for _, row := range s.rows {
		if row.key >= 0 {
			row.values[row.key] = product
		}
		done, err := tx.StmtContext(t.Context(), row.insert).ExecContext(t.Context(), row.values...) //nolint:sqlclosecheck // ends with the transaction
		if err != nil {
			t.Fatal(err)
		}
		if row.key < 0 {
			if product, err = done.LastInsertId(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// Sync returns how long it takes to write a block to a file of the folder and sync it.
func Sync(t *testing.T, folder string) time.Duration {
	t.Helper()
	file, err := os.Create(filepath.Join(folder, "sync")) //nolint:gosec // of the test
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	began := time.Now()
	if _, err = file.Write(make([]byte, 4096)); err == nil {
		err = file.Sync()
	}
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}
