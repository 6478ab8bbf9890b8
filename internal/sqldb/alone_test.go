package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"
)

// Levels of https://www.sqlite.org/pragma.html#pragma_synchronous
const (
	unsynced = 1
	synced   = 2
)

// TestOnlyWorkDoneAloneIsUnsynced: however it ends, what the connection writes next is on disk when it returns.
func TestOnlyWorkDoneAloneIsUnsynced(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	level := func(ctx context.Context, from interface {
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	},
	) (n int) {
		if err := from.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	refused := errors.New("refused")
	cases := []struct {
		name string
		end  func(cancel context.CancelFunc) error
		want error
	}{
		{"done", func(context.CancelFunc) error { return nil }, nil},
		{"refused", func(context.CancelFunc) error { return refused }, refused},
		{"given up", func(cancel context.CancelFunc) error { cancel(); return nil }, context.Canceled},
	}
	// Each four times in a row: from the third time on statements are kept (package prepared).
	for i := range 4 * len(cases) {
		c := cases[i/4]
		ctx, cancel := context.WithCancel(t.Context())
		locked, err := s.TryAlone(ctx, "try", 1, func(ctx context.Context, tx *sql.Tx) (bool, error) {
			if n := level(ctx, tx); n != unsynced {
				t.Errorf("%s: level %d while alone, want %d", c.name, n, unsynced)
			}
			return true, c.end(cancel)
		})
		cancel()
		if !errors.Is(err, c.want) || !locked {
			t.Errorf("%s: %v, %v, want %v", c.name, locked, err, c.want)
		}
		// The one connection is free, and synced.
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		if n := level(ctx, s.Writer); n != synced {
			t.Errorf("%s: level %d after it, want %d", c.name, n, synced)
		}
		cancel()
	}

	began := time.Now()
	func() {
		defer func() { _ = recover() }()
		_, _ = s.TryAlone(t.Context(), "panic", 1, func(context.Context, *sql.Tx) (bool, error) { panic("broken") })
	}()
	if took := time.Since(began); took > opTimeout/2 {
		t.Errorf("a panic kept the writer for %s", took)
	}
	if n := level(t.Context(), s.Writer); n != synced {
		t.Errorf("level %d after a panic, want %d", n, synced)
	}
}
