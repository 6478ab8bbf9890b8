package prepared_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"modernc.org/sqlite"

	"vitrine.dev/internal/sqldb/prepared"
)

// counting counts what its connections prepare.
type counting struct {
	driver.Connector

	made, closed int
}

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
	if counts.made != 3 || counts.closed != 0 { // with CREATE TABLE
		t.Errorf("%d were prepared, %d closed", counts.made, counts.closed)
	}
	if err := db.Close(); err != nil || counts.closed != counts.made {
		t.Errorf("%d of %d were closed, %v", counts.closed, counts.made, err)
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
		for j := range 200 { // more than are kept
			if got := numbers(t, tx, fmt.Sprintf(`SELECT %d + %d`, i, j)); got[0] != i+j {
				t.Fatal(got)
			}
		}
	}
	if err := rows.Err(); err != nil || count != 3 {
		t.Errorf("%d rows, %v", count, err)
	}
	_ = rows.Close()
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil || counts.closed != counts.made {
		t.Errorf("%d of %d were closed, %v", counts.closed, counts.made, err)
	}
}
