// Package prepared keeps the statements that connections have prepared. A driver
// that prepares a statement again each time it runs has SQLite parse and plan it,
// with its triggers, which takes longer than an insert.
package prepared

import (
	"context"
	"database/sql/driver"
	"errors"
	"hash/maphash"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// mostKept bounds the statements that a connection keeps: those that ran last.
	mostKept = 128
	// mostBytes bounds the text of one that is kept.
	mostBytes = 4096
	// mostSeen bounds the texts that a connection remembers to have run once, by
	// their hashes, of 8 bytes each.
	mostSeen = 512
)

// Connector makes connections that keep statements prepared. Each keeps at most
// 128, those that ran last, of texts of at most 4,096 bytes, and from the second run
// of a text on: the first is prepared and closed, so that texts that run only once, as
// they list values, do not push out the others. A connection remembers the last 512
// texts that ran once; the next run of one that it has forgotten is a first run again.
//
// The connections it is given have QueryContext, ExecContext and PrepareContext,
// and their statements may run again once the rows of the run before are closed.
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
	kept, errKept := simplelru.NewLRU(mostKept, func(_ string, s *statement) { s.drop() })
	seen, errSeen := simplelru.NewLRU[uint64, struct{}](mostSeen, nil)
	if err := errors.Join(errKept, errSeen); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return &conn{connection: of, kept: kept, seen: seen, seed: maphash.MakeSeed()}, nil
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

	kept *simplelru.LRU[string, *statement]
	// seen are the hashes of texts that ran once. Where two texts have the same, one
	// of them is kept at its first run.
	seen *simplelru.LRU[uint64, struct{}]
	seed maphash.Seed
}

// runnable is what a driver's statement can do.
type runnable interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// statement is one that is kept, or that is closed once it has been read to its end.
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
	known, ok := c.kept.Get(text)
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
	s := &statement{runnable: run, reading: true, dropped: ok || !c.again(text)}
	if !s.dropped {
		c.kept.Add(text, s)
	}
	return s, nil
}

// again reports whether the text, of which no statement is kept, is to be kept: it is
// short enough and ran before. If not, it remembers the run.
func (c *conn) again(text string) bool {
	if len(text) > mostBytes {
		return false
	}
	hash := maphash.String(c.seed, text)
	if c.seen.Remove(hash) {
		return true
	}
	c.seen.Add(hash, struct{}{})
	return false
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
	c.kept.Purge()
	return c.connection.Close()
}

// rows are those of a statement.
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
