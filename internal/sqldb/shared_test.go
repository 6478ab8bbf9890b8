package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
)

// shop is a SQLite file with a table, and the commits and faults it has seen.
type shop struct {
	*DB

	file            string
	commits, faults atomic.Int64
}

func newShop(t *testing.T) *shop {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.db")
	db, err := OpenSQLite(t.Context(), file, Schema{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &shop{DB: db, file: file}
	if _, err := db.Writer.ExecContext(t.Context(), `CREATE TABLE lamps (name TEXT PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	db.OnWrite(func(err error) {
		if s.commits.Add(1); err != nil {
			s.faults.Add(1)
		}
	})
	return s
}

func (s *shop) add(ctx context.Context, name string) error {
	return s.InSharedTx(ctx, "add lamp", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO lamps (name) VALUES ($1)`, name)
		return err
	})
}

func (s *shop) names(t *testing.T) []string {
	t.Helper()
	names, err := Collect(t.Context(), s.Reader, func(row Row, name *string) error { return row.Scan(name) }, `SELECT name FROM lamps ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// hold keeps the writer busy until the function that it returns is called.
func (s *shop) hold(t *testing.T) func() {
	t.Helper()
	tx, err := s.Writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

func (s *shop) awaitWaiting(t *testing.T, n int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		s.sharing.mu.Lock()
		waiting := len(s.sharing.waiting)
		s.sharing.mu.Unlock()
		if waiting == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d wait, not %d", waiting, n)
		}
		if err := s.Ping(t.Context()); err != nil { // which takes a moment
			t.Fatal(err)
		}
	}
}

// TestWaitingTransactionsShareCommits: 130 that wait together take three, each is
// answered with its own end, and one that fails leaves the others alone.
func TestWaitingTransactionsShareCommits(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if err := s.add(t.Context(), "taken"); err != nil || s.commits.Load() != 1 {
		t.Fatal(s.commits.Load(), err)
	}
	mine := errors.New("mine")
	release := s.hold(t)
	var group sync.WaitGroup
	for i := range 130 {
		group.Go(func() {
			switch {
			case i%10 == 3:
				if err := s.add(t.Context(), "taken"); err == nil || fault.KindOf(err) != fault.Internal {
					t.Errorf("the same name twice: %v", err)
				}
			case i%10 == 4:
				err := s.InSharedTx(t.Context(), "add lamp", func(ctx context.Context, tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, `INSERT INTO lamps (name) VALUES ($1)`, fmt.Sprint("undone ", i))
					return errors.Join(err, mine)
				})
				if !errors.Is(err, mine) {
					t.Error(err)
				}
			case i%10 == 5:
				err := s.InSharedTx(t.Context(), "add lamp", func(ctx context.Context, tx *sql.Tx) error {
					_, _ = tx.ExecContext(ctx, `INSERT INTO lamps (name) VALUES ($1)`, fmt.Sprint("undone ", i))
					panic("oh")
				})
				if err == nil {
					t.Error("a panic is no error")
				}
			default:
				name := fmt.Sprint("lamp ", i)
				if err := s.add(t.Context(), name); err != nil {
					t.Error(err)
				}
				if !slices.Contains(s.names(t), name) {
					t.Errorf("%s was answered before its commit", name)
				}
			}
		})
	}
	s.awaitWaiting(t, 130)
	s.commits.Store(0)
	release()
	group.Wait()
	if got := s.commits.Load(); got != 3 || s.faults.Load() != 0 {
		t.Errorf("%d commits, want 3; %d faults", got, s.faults.Load())
	}
	if names := s.names(t); len(names) != 1+130-39 {
		t.Errorf("%d lamps: %q", len(names), names)
	}
}

// TestWaitEndsWithItsContext: nothing of it is written then, and the others go on.
func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	release := s.hold(t)
	ctx, cancel := context.WithCancel(t.Context())
	given, other := make(chan error, 1), make(chan error, 1)
	go func() { given <- s.add(ctx, "given up") }()
	go func() { other <- s.add(t.Context(), "other") }()
	s.awaitWaiting(t, 2)
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	release()
	if err := <-other; err != nil {
		t.Error(err)
	}
	if names := s.names(t); !slices.Equal(names, []string{"other"}) {
		t.Errorf("%q", names)
	}
}

// TestContextEndsBesideOthers: one whose context ends while the transaction runs
// does not undo what the others wrote.
func TestContextEndsBesideOthers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	release := s.hold(t)
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "its own"))
	var group sync.WaitGroup
	for i := range 3 {
		group.Go(func() {
			if err := s.add(t.Context(), fmt.Sprint("before ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	s.awaitWaiting(t, 3)
	group.Go(func() {
		err := s.InSharedTx(ctx, "add lamp", func(ctx context.Context, tx *sql.Tx) error {
			cancel()
			if ctx.Value(key{}) != "its own" {
				t.Error("the values are those of another")
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO lamps (name) VALUES ('late')`)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	s.awaitWaiting(t, 4)
	release()
	group.Wait()
	if names := s.names(t); len(names) != 4 {
		t.Errorf("%q", names)
	}
}

// TestClosedWhileWaiting: who waits for a database that is closed hears of it.
func TestClosedWhileWaiting(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.add(t.Context(), "late"); err == nil {
		t.Error("a closed database took it")
	}
}
