package cost_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/systemtest"
)

// What an import of rows is to reach at least of the rate at which its database takes the same
// rows in one go, and by how much it may let the process grow.
const (
	leastOfCopy   = 0.25
	leastOfSQLite = 0.5
	mostGrowth    = 100 << 20
	rowsASecond   = 2000 // of a turn
)

// importTables are those that rows without images are written to, and what of them is of one import.
func importTables() [][2]string {
	const imported = ` IN (SELECT product_id FROM import_rows WHERE import_id = $1)`
	return [][2]string{
		{"products", `SELECT * FROM products WHERE id` + imported + ` ORDER BY id`},
		{"events", `SELECT * FROM events WHERE product_id` + imported + ` ORDER BY id`},
		{"import_rows", `SELECT * FROM import_rows WHERE import_id = $1 ORDER BY line`},
	}
}

// TestImport: rows a second of an import by the whole program, as a ratio to the same rows taken by
// an empty database with the same tables and indexes: by COPY in one session of PostgreSQL, and by
// one transaction of prepared statements through the driver of SQLite.
func TestImport(t *testing.T) {
	rows := int(turn(t) / time.Second * rowsASecond)
	t.Run("PostgreSQL", func(t *testing.T) {
		p, limit := newPostgres(t), newPostgres(t)
		env := maps.Clone(p.Env)
		env["DATA_DIR"] = t.TempDir()
		compareImport(t, env, rows, leastOfCopy, func(id int64) time.Duration { return p.copyTo(t, limit, id) })
	})
	t.Run("SQLite", func(t *testing.T) {
		dir := t.TempDir()
		limit := filepath.Join(t.TempDir(), "limit.db")
		empty, err := sqlstore.OpenSQLite(t.Context(), limit, quiet())
		if err == nil {
			_, err = empty.Migrate(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = empty.Close()
		compareImport(t, map[string]string{"DATA_DIR": dir}, rows, leastOfSQLite, func(id int64) time.Duration {
			return insertTo(t, filepath.Join(dir, "vitrine.db"), limit, id)
		})
	})
}

// compareImport imports rows and has the limit take the same ones, by turns.
func compareImport(t *testing.T, env map[string]string, rows int, least float64, limit func(id int64) time.Duration) {
	t.Helper()
	p := systemtest.New(t, systemtest.Options{Variant: systemtest.Program, Role: "serve", Env: env}).Launch()
	systemtest.AwaitReady(t, p.URL())
	idle := p.Memory("VmRSS")
	var ratios []float64
	for round := range rounds {
		id, took := importRows(t, p.Client(), fmt.Sprintf("%d-", round), rows)
		in := limit(id)
		ratios = append(ratios, in.Seconds()/took.Seconds())
		t.Logf("import %.0f rows/s, limit %.0f rows/s: %.2f", float64(rows)/took.Seconds(), float64(rows)/in.Seconds(), in.Seconds()/took.Seconds())
	}
	grown := p.Memory("VmHWM") - idle
	t.Logf("the process grew by at most %d MB above the %d MB before", grown>>20, idle>>20)
	if grown > mostGrowth {
		t.Errorf("the process grew by %d MB", grown>>20)
	}
	if r := median(ratios); r < least {
		t.Errorf("an import has %.2f of the rate of the limit, at least %.2f is wanted", r, least)
	}
}

// importRows imports rows without images, and returns how long the import took.
func importRows(t *testing.T, c systemtest.Client, prefix string, rows int) (id int64, took time.Duration) {
	t.Helper()
	var file strings.Builder
	for n := range rows {
		fmt.Fprintf(&file, `{"external_id":"%s%d","product_name":"Smartphone %d, dual SIM, 128 GB","product_price":999.99,"product_description":"Latest model with advanced features"}`+"\n",
			prefix, n, n)
	}
	reply, answer := c.Do(http.MethodPost, "/imports?user_id=1", map[string]string{"Content-Type": "application/x-ndjson"}, file.String())
	if reply.StatusCode != http.StatusAccepted {
		t.Fatalf("%d: %s", reply.StatusCode, answer)
	}
	var i struct {
		ID         int64     `json:"id"`
		State      string    `json:"state"`
		CreatedAt  time.Time `json:"created_at"`
		FinishedAt time.Time `json:"finished_at"`
		Rows       struct {
			Created int `json:"created"`
		} `json:"rows"`
	}
	c.Decode(answer, &i)
	systemtest.Eventually(t, "the import has ended", func() bool {
		_, answer = c.Do(http.MethodGet, "/imports/"+strconv.FormatInt(i.ID, 10), nil, "")
		c.Decode(answer, &i)
		if !i.FinishedAt.IsZero() && (i.State != "completed" || i.Rows.Created != rows) {
			t.Fatalf("the import has ended as %s", answer)
		}
		return !i.FinishedAt.IsZero()
	})
	return i.ID, i.FinishedAt.Sub(i.CreatedAt)
}

// copyTo copies what an import has written to another server, and returns how long that took to
// take it.
func (p *postgres) copyTo(t *testing.T, other *postgres, id int64) (took time.Duration) {
	t.Helper()
	for _, table := range importTables() {
		var rows bytes.Buffer
		query := strings.Replace(table[1], "$1", strconv.FormatInt(id, 10), 1)
		if _, err := p.Conn.PgConn().CopyTo(t.Context(), &rows, `COPY (`+query+`) TO STDOUT`); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := other.Conn.PgConn().CopyFrom(t.Context(), io.Reader(&rows), `COPY `+table[0]+` FROM STDIN`); err != nil {
			t.Fatal(err)
		}
		took += time.Since(began)
	}
	return took
}

// insertTo inserts what an import has written into another file, in one transaction, and returns
// how long that took.
func insertTo(t *testing.T, from, to string, id int64) (took time.Duration) {
	t.Helper()
	source, err := sql.Open("sqlite", "file:"+from+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	target, err := sql.Open("sqlite", "file:"+to+"?_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	target.SetMaxOpenConns(1)
	var list []tableRows
	for _, table := range importTables() {
		list = append(list, readRows(t, source, table, id))
	}
	if err := target.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	tx, err := target.BeginTx(t.Context(), nil)
	for _, table := range list {
		if err == nil {
			err = table.insert(t.Context(), tx)
		}
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

type tableRows struct {
	name string
	rows [][]any
}

func readRows(t *testing.T, from *sql.DB, table [2]string, id int64) tableRows {
	t.Helper()
	found, err := from.QueryContext(t.Context(), table[1], id)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	list := tableRows{name: table[0]}
	for err == nil && found.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		err = found.Scan(into...)
		list.rows = append(list.rows, row)
	}
	if err == nil {
		err = found.Err()
	}
	if err != nil || len(list.rows) == 0 {
		t.Fatalf("%s: %d rows, %v", table[0], len(list.rows), err)
	}
	return list
}

func (l tableRows) insert(ctx context.Context, tx *sql.Tx) error {
	marks := strings.Join(slices.Repeat([]string{"?"}, len(l.rows[0])), ", ")
	insert, err := tx.PrepareContext(ctx, `INSERT INTO `+l.name+` VALUES (`+marks+`)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, row := range l.rows {
		if _, err := insert.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}
