package prepared_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"modernc.org/sqlite"

	"vitrine.dev/internal/sqldb/prepared"
)

// counting counts what its connections prepare.
type counting struct {
	driver.Connector

	made, closed int
}

// kept is how many are kept while none runs.
func (c *counting) kept() int { return c.made - c.closed }

// conn has what prepared wants of a connection, and counts.
type conn struct {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator

	counts *counting
}

type stmt struct {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext

	counts *counting
}

func (c *counting) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{
		opened, opened.(driver.ConnBeginTx), opened.(driver.ExecerContext), opened.(driver.QueryerContext),
		opened.(driver.Pinger), opened.(driver.SessionResetter), opened.(driver.Validator), c,
	}, nil
}

func (c *conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	c.counts.made++
	return &stmt{s, s.(driver.StmtExecContext), s.(driver.StmtQueryContext), c.counts}, nil
}

func (s *stmt) Close() error {
	s.counts.closed++
	return s.Stmt.Close()
}

// open opens a database with one connection and the table n of numbers.
func open(t *testing.T) (*sql.DB, *counting) {
	t.Helper()
	file, err := sqlite.NewConnector("file:" + filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	counts := &counting{Connector: file}
	db := sql.OpenDB(prepared.Connector{Connector: counts})
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	exec(t, db, `CREATE TABLE n (i INTEGER PRIMARY KEY)`)
	return db, counts
}

type runs interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func exec(t *testing.T, db runs, text string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func numbers(t *testing.T, db runs, text string, args ...any) (list []int) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		if err := rows.Scan(&i); err != nil {
			t.Fatal(err)
		}
		list = append(list, i)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestStatementsAreKept: one that has run, has failed or was not read to its end runs again without being prepared.
func TestStatementsAreKept(t *testing.T) {
	t.Parallel()
	db, counts := open(t)
	const insert, list = `INSERT INTO n VALUES ($1)`, `SELECT i FROM n WHERE i >= $1 ORDER BY i`
	for i := range 5 {
		exec(t, db, insert, i)
		if got := numbers(t, db, list, 1); len(got) != i {
			t.Errorf("%d numbers from 1 on of %d", len(got), i+1)
		}
	}
	if _, err := db.ExecContext(t.Context(), insert, 1); err == nil {
		t.Error("the same number twice")
	}
	var first int
	if err := db.QueryRowContext(t.Context(), list, 2).Scan(&first); err != nil || first != 2 {
		t.Error(first, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.ExecContext(ended, insert, 8); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	exec(t, db, insert, 9)
	if got := numbers(t, db, list, 4); fmt.Sprint(got) != "[4 9]" {
		t.Error(got)
	}
	if counts.made != 1+2+2 || counts.kept() != 2 { // CREATE TABLE once, the others at their first and second run
		t.Errorf("%d were prepared, %d are kept", counts.made, counts.kept())
	}
	if err := db.Close(); err != nil || counts.closed != counts.made {
		t.Errorf("%d of %d were closed, %v", counts.closed, counts.made, err)
	}
}

// constant returns the text of a query for i that is so many bytes long.
func constant(i, bytes int) string {
	text := fmt.Sprintf("SELECT %d", i)
	return text + strings.Repeat(" ", bytes-len(text))
}

// TestOneRunIsNotKept: what runs once, however much of it, is closed at once, and leaves what runs often prepared.
func TestOneRunIsNotKept(t *testing.T) {
	t.Parallel()
	db, counts := open(t)
	const often = `SELECT i FROM n`
	numbers(t, db, often)
	if counts.kept() != 0 {
		t.Errorf("%d are kept after one run", counts.kept())
	}
	numbers(t, db, often)
	made := counts.made
	for i := range 1000 {
		numbers(t, db, constant(i, 20))
		numbers(t, db, often)
		if counts.kept() != 1 {
			t.Fatalf("%d are kept after %d texts that ran once", counts.kept(), i+1)
		}
	}
	if counts.made != made+1000 {
		t.Errorf("%d were prepared of 1000 texts", counts.made-made)
	}
}

// TestBounds: of the statements, of the length of their texts, and of the texts that are remembered.
func TestBounds(t *testing.T) {
	t.Parallel()
	runs := func(db runs, from, below, bytes int) {
		for i := from; i < below; i++ {
			numbers(t, db, constant(i, bytes))
		}
	}
	for name, c := range map[string]struct {
		run  func(db *sql.DB)
		want int
	}{
		"a text of 4,096 bytes":                  {func(db *sql.DB) { runs(db, 0, 1, 4096); runs(db, 0, 1, 4096) }, 1},
		"a text of 4,097 bytes":                  {func(db *sql.DB) { runs(db, 0, 1, 4097); runs(db, 0, 1, 4097); runs(db, 0, 1, 4097) }, 0},
		"512 texts, and the first of them again": {func(db *sql.DB) { runs(db, 0, 512, 20); runs(db, 0, 1, 20) }, 1},
		"513 texts, and the first of them again": {func(db *sql.DB) { runs(db, 0, 513, 20); runs(db, 0, 1, 20) }, 0},
		"200 texts, all of them again":           {func(db *sql.DB) { runs(db, 0, 200, 20); runs(db, 0, 200, 20) }, 128},
		"a text that fails, again":               {func(db *sql.DB) { fails(t, db); fails(t, db) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, counts := open(t)
			c.run(db)
			if counts.kept() != c.want {
				t.Errorf("%d are kept, want %d", counts.kept(), c.want)
			}
		})
	}
}

// fails runs a statement that is prepared and then fails.
func fails(t *testing.T, db *sql.DB) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), `INSERT INTO n VALUES ('no number')`); err == nil {
		t.Error("a text is a number")
	}
}

// TestSchemaChanges: a statement that is kept sees the table as it has become.
func TestSchemaChanges(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	exec(t, db, `INSERT INTO n VALUES (7)`)
	for _, change := range []string{`SELECT 1`, `CREATE INDEX later ON n (i DESC)`, `DROP INDEX later`, `ALTER TABLE n ADD COLUMN more TEXT`} {
		exec(t, db, change)
		if got := numbers(t, db, `SELECT i FROM n`); len(got) != 1 || got[0] != 7 {
			t.Errorf("after %s: %v", change, got)
		}
	}
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM n`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if columns, err := rows.Columns(); err != nil || len(columns) != 2 || rows.Err() != nil {
		t.Error(columns, err)
	}
}

// TestReadBesideItself: a statement whose rows are being read runs beside that, and what more is prepared meanwhile
// closes nothing that is being read.
func TestReadBesideItself(t *testing.T) {
	t.Parallel()
	db, counts := open(t)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	exec(t, tx, `INSERT INTO n VALUES (1), (2), (3); INSERT INTO n VALUES (4)`) // a script
	const list = `SELECT i FROM n WHERE i > $1`
	rows, err := tx.QueryContext(t.Context(), list, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	count := 0
	for ; rows.Next(); count++ {
		var i int
		if err := rows.Scan(&i); err != nil {
			t.Fatal(err)
		}
		if got := numbers(t, tx, list, i); len(got) != 4-i {
			t.Errorf("%v are more than %d", got, i)
		}
		for run := range 2 * 200 { // more than are kept, each twice
			j := run / 2
			if got := numbers(t, tx, fmt.Sprintf(`SELECT %d + %d`, i, j)); got[0] != i+j {
				t.Fatal(got)
			}
		}
	}
	if err := rows.Err(); err != nil || count != 3 {
		t.Errorf("%d rows, %v", count, err)
	}
	_ = rows.Close()
	if counts.kept() != 128 {
		t.Errorf("%d are kept", counts.kept())
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil || counts.closed != counts.made {
		t.Errorf("%d of %d were closed, %v", counts.closed, counts.made, err)
	}
}
