// Package prepared keeps the statements that connections have prepared. A driver
// that prepares a statement again each time it runs has SQLite parse and plan it,
// with its triggers, which takes longer than an insert.
package prepared

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// kept bounds the statements of a connection: those that ran last.
const kept = 128

// Connector makes connections that keep what they prepare. The connections it is
// given have QueryContext, ExecContext and PrepareContext, and their statements
// may run again once the rows of the run before are closed.
type Connector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c Connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	of, ok := opened.(connection)
	if !ok {
		return nil, errors.Join(errors.New("the driver's connections cannot keep statements"), opened.Close())
	}
	statements, err := simplelru.NewLRU(kept, func(_ string, s *statement) { s.drop() })
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return &conn{of, statements}, nil
}

// connection is what a driver's connection can do.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// conn is used by one goroutine at a time, as every driver.Conn.
type conn struct {
	connection

	statements *simplelru.LRU[string, *statement]
}

// runnable is what a driver's statement can do.
type runnable interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// statement is one that is kept, or that was until it had been read to its end.
type statement struct {
	runnable

	reading bool // its rows are not closed
	dropped bool // it is closed with them
}

// drop closes the statement once it is not read.
func (s *statement) drop() {
	if s.dropped = true; !s.reading {
		_ = s.Close() // it says again what its last run has said
	}
}

// ended closes the statement that was dropped meanwhile.
func (s *statement) ended() {
	if s.reading = false; s.dropped {
		s.drop()
	}
}

// of returns the statement for the text, which the caller ends. One that is being
// read is not run again beside that: the second is not kept.
func (c *conn) of(ctx context.Context, text string) (*statement, error) {
	known, ok := c.statements.Get(text)
	if ok && !known.reading {
		known.reading = true
		return known, nil
	}
	made, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	run, is := made.(runnable)
	if !is {
		return nil, errors.Join(errors.New("the driver's statements take no context"), made.Close())
	}
	s := &statement{runnable: run, reading: true, dropped: ok}
	if !ok {
		c.statements.Add(text, s)
	}
	return s, nil
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.of(ctx, text)
	if err != nil {
		return nil, err
	}
	defer s.ended()
	return s.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.of(ctx, text)
	if err != nil {
		return nil, err
	}
	read, err := s.QueryContext(ctx, args)
	if err != nil {
		s.ended()
		return nil, err
	}
	return &rows{read, s}, nil
}

// Close implements driver.Conn. Database/sql closes rows before their connection.
func (c *conn) Close() error {
	c.statements.Purge()
	return c.connection.Close()
}

// rows are those of a statement that is kept.
type rows struct {
	driver.Rows

	of *statement
}

// Close implements driver.Rows. Database/sql calls it once.
func (r *rows) Close() error {
	err := r.Rows.Close()
	r.of.ended()
	return err
}
