package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"testing"

	"vitrine.dev/internal/fault"
)

// sharer adds a lamp of its name in a shared transaction.
type sharer struct {
	name string
	then func(ctx context.Context, tx *sql.Tx) error // after its lamp was added; nil: that is all

	ctx    context.Context //nolint:containedctx // of its caller
	giveUp context.CancelFunc
	runs   int
	err    error
}

// begin gives it a caller's context.
func (call *sharer) begin(t *testing.T) {
	t.Helper()
	call.ctx, call.giveUp = context.WithCancel(t.Context())
	t.Cleanup(call.giveUp)
}

// share has the sharers wait for the writer in their order, and share a commit.
func (s *shop) share(t *testing.T, sharers ...*sharer) {
	t.Helper()
	release := s.hold(t)
	var group sync.WaitGroup
	for i, call := range sharers {
		call.begin(t)
		group.Go(func() {
			call.err = s.InSharedTx(call.ctx, "add lamp", func(ctx context.Context, tx *sql.Tx) error {
				call.runs++
				_, err := tx.ExecContext(ctx, `INSERT INTO lamps (name) VALUES ($1)`, call.name)
				if err == nil && call.then != nil {
					err = call.then(ctx, tx)
				}
				return err
			})
		})
		s.awaitWaiting(t, i+1)
	}
	s.commits.Store(0)
	s.faults.Store(0)
	release()
	group.Wait()
}

// wantRuns compares how often each was run, and what was written by how many commits.
func (s *shop) wantRuns(t *testing.T, want map[*sharer]int, commits, faults int64, names ...string) {
	t.Helper()
	for call, runs := range want {
		if call.runs != runs {
			t.Errorf("%s was run %d times, want %d", call.name, call.runs, runs)
		}
	}
	if got := s.names(t); !slices.Equal(got, names) {
		t.Errorf("the lamps are %q, want %q", got, names)
	}
	if s.commits.Load() != commits || s.faults.Load() != faults {
		t.Errorf("%d ends were observed, want %d; %d faults, want %d", s.commits.Load(), commits, s.faults.Load(), faults)
	}
}

// TestCallersGiveUp: a call whose caller gave up before its turn is passed over, and the others are run once. One
// that ends by that itself is undone, and only then the others are run again.
func TestCallersGiveUp(t *testing.T) {
	t.Parallel()
	t.Run("before its turn", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		gone, c := &sharer{name: "gone"}, &sharer{name: "c"}
		a := &sharer{name: "a", then: func(context.Context, *sql.Tx) error { gone.giveUp(); return nil }}
		s.share(t, a, gone, c)
		if a.err != nil || c.err != nil || !errors.Is(gone.err, context.Canceled) {
			t.Error(a.err, c.err, gone.err)
		}
		s.wantRuns(t, map[*sharer]int{a: 1, gone: 0, c: 1}, 1, 0, "a", "c")
	})
	ends := func(call *sharer) func(context.Context, *sql.Tx) error {
		return func(context.Context, *sql.Tx) error { call.giveUp(); return call.ctx.Err() }
	}
	t.Run("in its turn", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		a, gone, c := &sharer{name: "a"}, &sharer{name: "gone"}, &sharer{name: "c"}
		gone.then = ends(gone)
		s.share(t, a, gone, c)
		if a.err != nil || c.err != nil || !errors.Is(gone.err, context.Canceled) {
			t.Error(a.err, c.err, gone.err)
		}
		s.wantRuns(t, map[*sharer]int{a: 2, gone: 1, c: 1}, 1, 0, "a", "c")
	})
	t.Run("in its turn, as the others have", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		gone, c := &sharer{name: "gone"}, &sharer{name: "c"}
		gone.then = func(context.Context, *sql.Tx) error { c.giveUp(); gone.giveUp(); return gone.ctx.Err() }
		s.share(t, gone, c)
		if !errors.Is(gone.err, context.Canceled) || !errors.Is(c.err, context.Canceled) {
			t.Error(gone.err, c.err)
		}
		s.wantRuns(t, map[*sharer]int{gone: 1, c: 0}, 0, 0)
	})
}

// TestRulesAreOfOneCall: a call that breaks a rule gets its own error; the others are run again, and written. Alone it
// is not run again.
func TestRulesAreOfOneCall(t *testing.T) {
	t.Parallel()
	own := fault.New(fault.Conflict, "its own")
	constraint := func(ctx context.Context, tx *sql.Tx) error { // what it has added before is undone
		_, err := tx.ExecContext(ctx, `INSERT INTO lamps (name) VALUES ('rule')`)
		return err
	}
	for name, then := range map[string]func(context.Context, *sql.Tx) error{
		"a constraint": constraint,
		"a rule":       func(context.Context, *sql.Tx) error { return own },
		"a rule that says it is not available": func(context.Context, *sql.Tx) error {
			return fault.New(fault.Unavailable, "the file is being deleted")
		},
		"a deadline of its own": func(context.Context, *sql.Tx) error { return context.DeadlineExceeded },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			a, rule, c := &sharer{name: "a"}, &sharer{name: "rule", then: then}, &sharer{name: "c"}
			s.share(t, a, rule, c)
			if a.err != nil || c.err != nil || rule.err == nil {
				t.Error(a.err, rule.err, c.err)
			}
			s.wantRuns(t, map[*sharer]int{a: 2, rule: 2, c: 1}, 1, 0, "a", "c")
		})
	}
	s := newShop(t)
	alone := &sharer{name: "rule", then: constraint}
	if s.share(t, alone); alone.err == nil || fault.KindOf(alone.err) != fault.Internal {
		t.Error(alone.err)
	}
	s.wantRuns(t, map[*sharer]int{alone: 1}, 0, 0)
}

// TestDatabaseFails: where it does in the turn of a call, all get that error, also one that had broken a rule before,
// and nothing is done again.
func TestDatabaseFails(t *testing.T) {
	t.Parallel()
	full := func(t *testing.T, s *shop) func(context.Context, *sql.Tx) error {
		t.Helper()
		if _, err := s.Writer.ExecContext(t.Context(), `PRAGMA max_page_count = 20`); err != nil {
			t.Fatal(err)
		}
		return func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO lamps (name) VALUES (hex(zeroblob(1000000)))`)
			return err
		}
	}
	busy := func(t *testing.T, s *shop) func(context.Context, *sql.Tx) error {
		t.Helper()
		other, err := openFile(s.file, "immediate", 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = other.Close() })
		return func(ctx context.Context, _ *sql.Tx) error {
			_, err := other.BeginTx(ctx, nil) // the shared transaction has the file
			return err
		}
	}
	for name, failing := range map[string]func(*testing.T, *shop) func(context.Context, *sql.Tx) error{"full": full, "busy": busy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			faults := int64(1)
			if name == "busy" { // which is tried again where a call is alone, and so says nothing
				faults = 0
			}
			a, failed, c := &sharer{name: "a"}, &sharer{name: "failed", then: failing(t, s)}, &sharer{name: "c"}
			s.share(t, a, failed, c)
			for _, call := range []*sharer{a, failed, c} {
				if fault.KindOf(call.err) != fault.Unavailable {
					t.Errorf("%s: %v", call.name, call.err)
				}
			}
			s.wantRuns(t, map[*sharer]int{a: 1, failed: 1, c: 0}, faults, faults)

			rule := &sharer{name: "rule", then: func(context.Context, *sql.Tx) error { return fault.New(fault.Conflict, "its own") }}
			a, failed, c = &sharer{name: "a"}, &sharer{name: "failed", then: failed.then}, &sharer{name: "c"}
			s.share(t, a, rule, failed, c)
			for _, call := range []*sharer{a, rule, failed, c} {
				if fault.KindOf(call.err) != fault.Unavailable {
					t.Errorf("%s, after one that broke a rule: %v", call.name, call.err)
				}
			}
			s.wantRuns(t, map[*sharer]int{a: 2, rule: 2, failed: 1, c: 0}, faults, faults)

			late := &sharer{name: "late"} // its caller gives up, but that is not why it fails
			late.then = func(context.Context, *sql.Tx) error {
				if late.runs == 2 { // in savepoints
					late.giveUp()
				}
				return fault.New(fault.Conflict, "its own")
			}
			failed = &sharer{name: "failed", then: failed.then}
			if s.share(t, &sharer{name: "a"}, late, failed); fault.KindOf(late.err) != fault.Unavailable {
				t.Errorf("late: %v", late.err)
			}
			a = &sharer{name: "a"}
			if s.share(t, a); a.err != nil {
				t.Error(a.err)
			}
		})
	}
}

// TestTransactionIsTooSlow: where the transaction has come to its time limit, that is the error of all, whatever the
// call in whose turn it did makes of it.
func TestTransactionIsTooSlow(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := []*shared{
		{ctx: t.Context(), do: func(context.Context, *sql.Tx) error { return nil }},
		{ctx: t.Context(), do: func(context.Context, *sql.Tx) error { cancel(); return fault.New(fault.Conflict, "its own") }},
	}
	if again, err := runAll(ctx, nil, calls); again || !errors.Is(err, context.Canceled) {
		t.Errorf("again: %v, %v", again, err)
	}
}
