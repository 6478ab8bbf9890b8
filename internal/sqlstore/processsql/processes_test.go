package processsql_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// TestLostProcesses: a process that stops without saying so is remembered, but not what it
// had downloaded; one that ends is not, nor more than so many.
func TestLostProcesses(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		s, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "vitrine.db"), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		testLost(t, s)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		testLost(t, storetest.OpenPostgres(t, testserver.Postgres(t)))
	})
}

func testLost(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	ctx := t.Context()
	silent := func(id string, ago time.Duration) {
		t.Helper()
		err := s.Heartbeat(ctx, processes.Process{ID: id, Role: "worker", Slots: 8, InFlight: 3, Held: 2, Fetched: []processes.Fetched{{Image: 1, Token: 2}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Exec(ctx, "age", `UPDATE processes SET heartbeat_at = heartbeat_at - $2 WHERE id = $1`, id, ago.Milliseconds()); err != nil {
			t.Fatal(err)
		}
	}
	lost := func() (ids []string) {
		t.Helper()
		list, err := s.LostProcesses(ctx, processes.Gone, 200)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if ids = append(ids, p.ID); p.Role != "worker" || p.InFlight != 3 {
				t.Errorf("%+v is not as its last heartbeat was", p)
			}
		}
		return ids
	}
	purge := func() {
		t.Helper()
		if err := s.PurgeProcesses(ctx, processes.LostFor, 10); err != nil {
			t.Fatal(err)
		}
	}
	silent("alive", 0)
	silent("ended", 0)
	silent("hour", time.Hour)
	silent("minute", 2*processes.Gone)
	silent("days", processes.LostFor+time.Minute)
	if err := s.EndProcess(ctx, "ended"); err != nil {
		t.Fatal(err)
	}
	purge()
	if got := lost(); !slices.Equal(got, []string{"minute", "hour"}) {
		t.Errorf("lost are %v, want the latest first", got)
	}
	if slots, err := s.Slots(ctx, processes.Gone, 2*time.Hour); err != nil || slots != 8+2+2 {
		t.Errorf("%d slots, %v", slots, err)
	}
	for i := range processes.LostMost {
		silent(fmt.Sprintf("loop-%d", i), 10*time.Minute)
	}
	purge()
	if got := lost(); len(got) != processes.LostMost || got[0] != "minute" || slices.Contains(got, "hour") {
		t.Errorf("%d are lost, %v", len(got), got)
	}
	var written int
	if err := s.Reader.QueryRowContext(ctx, `SELECT count(*) FROM processes WHERE fetched <> ''`).Scan(&written); err != nil || written != 2 {
		t.Errorf("what %d processes have downloaded is kept, %v; want that of those alive and lost within a minute", written, err)
	}
}
