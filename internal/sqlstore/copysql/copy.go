package copysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"vitrine.dev/internal/sqldb"
)

// progressRows is after how many rows of a table Progress is called, beside at its end.
const progressRows = 1000

// Order says what to copy.
type Order struct {
	Tables []Table // a table after those that it refers to
	// Check looks at the target first, Finish once all rows are there, both in
	// the transaction that fills it.
	Check, Finish func(ctx context.Context, tx *sql.Tx) error
	// Progress is called as rows are written, with how many of the table's.
	Progress func(table string, done, all int64)
}

// Copy empties the tables at the target and fills them with the rows that the
// source has at one moment, and sets the sequences, in one transaction: others see all of it or nothing, and
// nothing is left where it fails. Both databases may be in use; who writes
// to the target waits. A few rows are in memory at a time. There is no limit of time
// but that of ctx. It returns the number of rows by table, which were counted
// on both sides. fault.Unavailable.
func Copy(ctx context.Context, from, to *sqldb.DB, order Order) (rows map[string]int64, err error) {
	source, err := beginRead(ctx, from)
	if err != nil {
		return nil, from.Translate("read the source", err)
	}
	defer func() { _ = source.Rollback() }() // it has written nothing
	conn, err := to.Writer.Conn(ctx)
	if err != nil {
		return nil, to.Translate("write to the target", err)
	}
	defer conn.Close()
	target, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, to.Translate("write to the target", err)
	}
	defer func() { _ = target.Rollback() }() // has no effect after the commit
	c := copying{Order: order, from: from, to: to, source: source, conn: conn, target: target, rows: map[string]int64{}}
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	return c.rows, to.Translate("commit the copy", target.Commit())
}

// beginRead begins a transaction in which all reads see the same moment. On
// SQLite every one does.
func beginRead(ctx context.Context, db *sqldb.DB) (*sql.Tx, error) {
	if db.OneWriter {
		return db.Reader.BeginTx(ctx, nil)
	}
	return db.Reader.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

type copying struct {
	Order

	from, to       *sqldb.DB
	source, target *sql.Tx
	conn           *sql.Conn // the target's
	rows           map[string]int64
}

func (c *copying) run(ctx context.Context) error {
	if err := c.prepare(ctx); err != nil {
		return err
	}
	for _, t := range c.Tables {
		all, err := count(ctx, c.source, t)
		if err != nil {
			return c.from.Translate("count "+t.Name, err)
		}
		if err := c.table(ctx, t, all); err != nil {
			return err
		}
		written, err := count(ctx, c.target, t)
		if err != nil {
			return c.to.Translate("count "+t.Name+" at the target", err)
		}
		if written != all {
			return fmt.Errorf("%s has %d rows at the target instead of %d", t.Name, written, all)
		}
		c.rows[t.Name] = all
		if t.Sequence {
			if err := c.sequence(ctx, t.Name); err != nil {
				return err
			}
		}
	}
	if !c.to.OneWriter { // no plan from before the rows were there
		if err := c.exec(ctx, "analyze", "ANALYZE "+list(c.names())); err != nil {
			return err
		}
	}
	return c.to.Translate("finish the copy", c.Finish(ctx, c.target))
}

// prepare locks, checks and empties the target.
func (c *copying) prepare(ctx context.Context) error {
	// Each side may have to wait for the other for longer than a session may be idle.
	const patience = "SET LOCAL idle_in_transaction_session_timeout = 0"
	if !c.from.OneWriter {
		if _, err := c.source.ExecContext(ctx, patience); err != nil {
			return c.from.Translate("read the source", err)
		}
	}
	if !c.to.OneWriter {
		if err := c.exec(ctx, "lock the target", patience); err != nil {
			return err
		}
		if err := c.exec(ctx, "lock the target", "LOCK TABLE "+list(c.names())+" IN EXCLUSIVE MODE"); err != nil {
			return err
		}
	}
	if err := c.Check(ctx, c.target); err != nil {
		return c.to.Translate("check the target", err)
	}
	for _, t := range slices.Backward(c.Tables) {
		if err := c.exec(ctx, "empty the target", fmt.Sprintf(`DELETE FROM "%s"`, t.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (c *copying) names() []string {
	names := make([]string, len(c.Tables))
	for i, t := range c.Tables {
		names[i] = t.Name
	}
	return names
}

func (c *copying) exec(ctx context.Context, operation, statement string, args ...any) error {
	_, err := c.target.ExecContext(ctx, statement, args...)
	return c.to.Translate(operation, err)
}

func count(ctx context.Context, tx *sql.Tx, t Table) (n int64, err error) {
	err = tx.QueryRowContext(ctx, fmt.Sprintf(`SELECT count(*) FROM "%s"`, t.Name)).Scan(&n)
	return n, err
}

// table copies the rows of a table, as the source sends them.
func (c *copying) table(ctx context.Context, t Table, all int64) (err error) {
	found, err := c.source.QueryContext(ctx, t.selection())
	if err != nil {
		return c.from.Translate("read "+t.Name, err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	from := &reading{Rows: found, width: len(t.Columns), read: func(done int64) {
		if done%progressRows == 0 || done == all {
			c.Progress(t.Name, done, all)
		}
	}}
	if c.to.OneWriter {
		err = insert(ctx, c.target, t, from)
	} else {
		err = copyIn(ctx, c.conn, t, from)
	}
	if unread := found.Err(); unread != nil {
		return c.from.Translate("read "+t.Name, unread)
	}
	return c.to.Translate("write "+t.Name, err)
}

// sequence has the target go on with the ids where the source would, so that the
// id of a deleted row is not assigned again.
func (c *copying) sequence(ctx context.Context, table string) error {
	last := `SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::REGCLASS), 0)`
	if c.from.OneWriter {
		last = `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = $1), 0)`
	}
	var id int64
	if err := c.source.QueryRowContext(ctx, last, table).Scan(&id); err != nil {
		return c.from.Translate("read the sequence of "+table, err)
	}
	if !c.to.OneWriter {
		return c.exec(ctx, "set the sequence of "+table,
			`SELECT setval(pg_get_serial_sequence($1, 'id')::REGCLASS, greatest($2::BIGINT, 1), $2::BIGINT > 0)`, table, id)
	}
	if err := c.exec(ctx, "set the sequence of "+table, `DELETE FROM sqlite_sequence WHERE name = $1`, table); err != nil {
		return err
	}
	return c.exec(ctx, "set the sequence of "+table, `INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`, table, id)
}
