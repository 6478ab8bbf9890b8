package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
)

// maxShared bounds how many transactions share a commit.
const maxShared = 64

// sharing is the transactions that wait for the one writer. The ones that wait
// together share a commit, which is what a transaction costs most.
type sharing struct {
	mu      sync.Mutex
	waiting []*shared
	running bool // someone takes them up
	runners sync.WaitGroup
}

// shared is one of them.
type shared struct {
	ctx   context.Context
	do    func(context.Context, *sql.Tx) error
	err   error
	ended chan struct{} // is closed once err holds
}

// InSharedTx is InTxNotify for a database with one writer: it may share the
// commit with other calls that wait for the writer at the same time, of which one
// that fails is undone alone. It returns after
// the commit. A ctx that ends while do runs no longer ends it; before that, do is not called.
// Do may be called more than once, from another goroutine.
func (db *DB) InSharedTx(ctx context.Context, operation string, do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	call := &shared{ctx: ctx, do: do, ended: make(chan struct{})}
	db.sharing.add(call, db.runShared)
	select {
	case <-call.ended:
	case <-ctx.Done():
		if db.sharing.remove(call) {
			call.err = context.Cause(ctx)
		} else {
			<-call.ended
		}
	}
	return db.Translate(operation, call.err)
}

// add has the call run, by run if no one is at it.
func (s *sharing) add(call *shared, run func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, call)
	if !s.running {
		s.running = true
		s.runners.Go(run)
	}
}

// remove takes back a call that was not taken up.
func (s *sharing) remove(call *shared) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.waiting {
		if other == call {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// take returns those that share the next commit.
func (s *sharing) take() []*shared {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.waiting), maxShared)
	taken := append([]*shared(nil), s.waiting[:n]...)
	s.waiting = append(s.waiting[:0], s.waiting[n:]...)
	return taken
}

// more reports whether anyone waits. Where no one does, the runner has ended.
func (s *sharing) more() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = len(s.waiting) > 0
	return s.running
}

// runShared takes up what waits until nothing does.
func (db *DB) runShared() {
	for db.sharing.more() {
		if err := db.shareCommit(); err != nil && !locked(err) && !errors.Is(err, context.DeadlineExceeded) {
			end(db.sharing.take(), err)
		}
	}
}

// shareCommit runs one transaction for those that wait once the writer is free. Its
// error is why it is not. Where a call fails, all is undone and done again in
// savepoints: most end well, and a savepoint for each has pages copied and the
// full-text index written, a quarter of what a create takes.
func (db *DB) shareCommit() error {
	ctx, cancel := context.WithTimeout(context.Background(), opTimeout)
	defer cancel()
	begun := false
	var calls []*shared
	err := db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		begun, calls = true, db.sharing.take()
		return runAll(ctx, tx, calls)
	})
	if len(calls) > 1 && slices.ContainsFunc(calls, (*shared).failed) {
		err = db.WithRetry(ctx, "share a commit", func(ctx context.Context) error {
			return db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error { return runEach(ctx, tx, calls) })
		})
	}
	db.Observe(err)
	if !begun {
		return err
	}
	for _, call := range calls {
		if err == nil && call.err != nil {
			db.Observe(call.err)
		}
	}
	end(calls, err)
	if err == nil {
		db.Committed()
	}
	return nil
}

// end tells the calls how it ended, where they have no error of their own.
func end(calls []*shared, err error) {
	for _, call := range calls {
		if call.err == nil {
			call.err = err
		}
		close(call.ended)
	}
}

// runAll runs the calls one after the other until one fails, and returns its error.
func runAll(ctx context.Context, tx *sql.Tx, calls []*shared) error {
	for _, call := range calls {
		if call.err = call.run(ctx, tx); call.err != nil {
			return call.err
		}
	}
	return nil
}

// runEach runs the calls one after the other, each in a savepoint of its own. Its
// error is that of the whole transaction; those of single calls are kept in them.
func runEach(ctx context.Context, tx *sql.Tx, calls []*shared) error {
	for _, call := range calls {
		if _, err := tx.ExecContext(ctx, "SAVEPOINT shared"); err != nil {
			return err
		}
		keep := "RELEASE shared"
		if call.err = call.run(ctx, tx); call.err != nil {
			keep = "ROLLBACK TO shared; RELEASE shared"
		}
		if _, err := tx.ExecContext(ctx, keep); err != nil {
			return errors.Join(err, call.err)
		}
	}
	return nil
}

func (c *shared) failed() bool { return c.err != nil }

// run calls do with the values of the call's context and the end of the
// transaction's: a statement that is interrupted would undo it for all.
func (c *shared) run(ctx context.Context, tx *sql.Tx) (err error) {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", cause, debug.Stack())
		}
	}()
	return c.do(valuesOf{ctx, c.ctx}, tx) //nolint:contextcheck // see above
}

// valuesOf is a context that ends with the first and has the values of the second.
type valuesOf struct {
	context.Context

	values context.Context //nolint:containedctx // it is one
}

func (v valuesOf) Value(key any) any { return v.values.Value(key) }
