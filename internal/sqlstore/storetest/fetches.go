package storetest

import (
	"cmp"
	"slices"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/statistics"
)

// testFetches: cells of fetches add up in the minutes that they are of, whoever adds them, and are told apart by host;
// what is old is removed.
func testFetches(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	sums := func(within time.Duration, hosts ...string) []statistics.Cell {
		t.Helper()
		cells, err := s.Fetches(ctx, hosts, within)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(cells, func(a, b statistics.Cell) int {
			return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Class, b.Class))
		})
		return cells
	}
	cell := func(host string, class int, fetches int64) statistics.Cell {
		return statistics.Cell{Host: host, Class: class, Fetches: fetches}
	}
	if got := sums(time.Hour, "a.example"); len(got) != 0 {
		t.Fatalf("before anything was fetched there is %+v", got)
	}
	cells := []statistics.Cell{cell("a.example", -1, 2), cell("a.example", 0, 1<<40), cell("b.example:8080", 31, 5), cell("ünïcode.example", 3, 1)}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if now, err := s.Add(ctx, statistics.Counts{}, cells, 0); err != nil || time.Since(now).Abs() > time.Minute {
				t.Error(now, err)
			}
		})
	}
	group.Wait()
	if _, err := s.Add(ctx, statistics.Counts{}, cells[:1], 50*time.Minute); err != nil { // of the same hour
		t.Fatal(err)
	}
	if _, err := s.Add(ctx, statistics.Counts{}, cells[1:3], 3*time.Hour); err != nil {
		t.Fatal(err)
	}
	want := []statistics.Cell{cell("a.example", -1, 10), cell("a.example", 0, 4<<40), cell("b.example:8080", 31, 20)}
	if got := sums(time.Hour, "b.example:8080", "a.example", "c.example"); !slices.Equal(got, want) {
		t.Errorf("sums are %+v, want %+v", got, want)
	}
	want = []statistics.Cell{cell("a.example", -1, 8), cell("a.example", 0, 4<<40)}
	if got := sums(20*time.Minute, "a.example"); !slices.Equal(got, want) {
		t.Errorf("sums of twenty minutes are %+v, want %+v", got, want)
	}
	for _, want := range []int{1, 1, 0} {
		if n, err := s.PurgeFetches(ctx, statistics.FetchesKeep, 1); err != nil || n != want {
			t.Errorf("%d removed, %v; want %d", n, err, want)
		}
	}
	if got := sums(24*time.Hour, "b.example:8080"); len(got) != 1 || got[0].Fetches != 20 {
		t.Errorf("%+v are left", got)
	}
	if n, err := s.PurgeFetches(ctx, -time.Hour, 1000); err != nil || n != 5 {
		t.Errorf("%d removed, %v", n, err)
	}
}
