package statisticsql_test

import (
	"testing"
	"time"

	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/statistics"
)

// TestAddAllOrNothing: where the counts of a minute or those of its fetches cannot be written, neither are, so that
// what is written again counts once.
func TestAddAllOrNothing(t *testing.T) {
	t.Parallel()
	counts, cells := statistics.Counts{Ready: 3}, []statistics.Cell{{Host: "a.example", Class: 7, Fetches: 3}}
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		rename := func(from, to string) {
			t.Helper()
			if _, err := s.Writer.ExecContext(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
				t.Fatal(err)
			}
		}
		for _, table := range []string{"minutes", "host_fetches"} {
			rename(table, "gone")
			if _, err := s.Add(t.Context(), counts, cells, 0); err == nil {
				t.Errorf("there is no table %s, and no error", table)
			}
			rename("gone", table)
		}
		if now, err := s.Add(t.Context(), counts, cells, 0); err != nil || time.Since(now).Abs() > time.Minute {
			t.Fatal(now, err)
		}
		minutes, _, err := s.Minutes(t.Context(), time.Hour)
		if err != nil || len(minutes) != 1 || minutes[0].Counts != counts {
			t.Errorf("minutes are %+v, %v", minutes, err)
		}
		if found, err := s.Fetches(t.Context(), []string{"a.example"}, time.Hour); err != nil || len(found) != 1 || found[0] != cells[0] {
			t.Errorf("fetches are %+v, %v", found, err)
		}
	})
}
