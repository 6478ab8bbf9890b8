package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"vitrine.dev/internal/backoff"
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
// commit with others, maxShared at most, that wait for the writer at the same time. It
// returns after the commit. Do may be called more than once, from another goroutine.
//
// Where do fails by what is its own, its data or a rule, it is undone alone. Where the
// database fails while do runs, be it locked, full, broken or too slow, nothing is done again: all
// that share the commit get that error, and nothing of any is written. Where ctx ends
// before its turn, do is not called; while do runs, that no longer ends it. Neither
// concerns the others.
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
// error is why it is not. Where one of several calls fails by what is its own, all is
// undone and done again in savepoints: most end well, and a savepoint for each has
// pages copied and the full-text index written, a quarter of what a create takes.
func (db *DB) shareCommit() error {
	ctx, cancel := context.WithTimeout(context.Background(), opTimeout)
	defer cancel()
	begun, again := false, false
	var calls []*shared
	err := db.transact(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		begun, calls = true, db.sharing.take()
		again, err = runAll(ctx, tx, calls)
		return err
	})
	if again {
		err = db.shareInSavepoints(ctx, calls)
	}
	db.Observe(err)
	if !begun {
		return err
	}
	end(calls, err)
	if err == nil {
		db.Committed()
	}
	return nil
}

// shareInSavepoints runs one transaction for the calls once the writer is free again,
// which another process may have taken meanwhile.
func (db *DB) shareInSavepoints(ctx context.Context, calls []*shared) error {
	for begun := false; ; {
		err := db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
			begun = true
			return runEach(ctx, tx, calls)
		})
		if begun || !locked(err) || ctx.Err() != nil {
			return err
		}
		_ = backoff.Sleep(ctx, lockPause) // where ctx ends, the next try says so
	}
}

// end tells the calls how it ended. Where all was undone, no error of a single call
// counts but that its caller gave up: it may be about what another had written.
func end(calls []*shared, err error) {
	for _, call := range calls {
		gaveUp := call.ctx.Err() != nil && errors.Is(call.err, context.Cause(call.ctx))
		if err != nil && !gaveUp {
			call.err = err
		}
		close(call.ended)
	}
}

// errNoneWaits undoes a transaction in which nothing was done.
var errNoneWaits = errors.New("all callers have given up")

// runAll runs the calls one after the other until one fails, and returns its error, and
// whether they are to be run again, each by itself: where the failure is that call's
// own, and others have run or wait. A call whose caller has given up is passed over:
// it has written nothing.
func runAll(ctx context.Context, tx *sql.Tx, calls []*shared) (again bool, err error) {
	ran := 0
	for i, call := range calls {
		if !call.waits() {
			continue
		}
		if call.err = call.run(ctx, tx); call.err != nil {
			if failed := failureOfAll(ctx, call.err); failed != nil {
				return false, failed
			}
			return ran > 0 || slices.ContainsFunc(calls[i+1:], (*shared).waits), call.err
		}
		ran++
	}
	if ran == 0 {
		return false, errNoneWaits
	}
	return false, nil
}

// runEach runs the calls one after the other, each in a savepoint of its own. Its
// error is that of the whole transaction; those of single calls are kept in them.
func runEach(ctx context.Context, tx *sql.Tx, calls []*shared) error {
	for _, call := range calls {
		if !call.waits() {
			continue
		}
		if _, err := tx.ExecContext(ctx, "SAVEPOINT shared"); err != nil {
			return err
		}
		keep := "RELEASE shared"
		if call.err = call.run(ctx, tx); call.err != nil {
			if failed := failureOfAll(ctx, call.err); failed != nil {
				return failed
			}
			keep = "ROLLBACK TO shared; RELEASE shared"
		}
		if _, err := tx.ExecContext(ctx, keep); err != nil {
			return err
		}
	}
	return nil
}

// failureOfAll returns why the transaction of ctx, which may be undone already, failed
// with the error of a call: the database did. Nil where the call's own data or a rule is
// the cause, or a deadline that is not the transaction's.
func failureOfAll(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case unavailable(err) && !errors.Is(err, context.DeadlineExceeded):
		return err
	default:
		return nil
	}
}

// waits reports whether the caller still waits, and notes why where it does not.
func (c *shared) waits() bool {
	c.err = context.Cause(c.ctx)
	return c.err == nil
}

// run calls do with the values of the call's context and the end of the
// transaction's: a statement that is interrupted would undo it for all.
func (c *shared) run(ctx context.Context, tx *sql.Tx) (err error) {
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
