package storetest

import (
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/statistics"
)

// testMinutes: counts add up in the minute that they are of, whoever adds them; of samples the first is kept; what
// is old is removed.
func testMinutes(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	list := func(within time.Duration) (list []statistics.Minute, now time.Time) {
		t.Helper()
		list, now, err := s.Minutes(ctx, within)
		if err != nil || time.Since(now).Abs() > time.Minute {
			t.Fatal(list, now, err)
		}
		return list, now
	}
	add := func(c statistics.Counts, ago time.Duration) (minute time.Time) {
		t.Helper()
		now, err := s.Add(ctx, c, nil, ago)
		if err != nil {
			t.Fatal(err)
		}
		return now.Add(-ago).Truncate(statistics.Length)
	}
	none, now := list(time.Hour)
	if len(none) != 0 {
		t.Fatalf("before anything happened there is %+v", none)
	}
	// What is so long ago is in the middle of a minute, so that none ends while the test runs.
	middle := now.Sub(now.Truncate(statistics.Length).Add(-statistics.Length / 2))
	c := statistics.Counts{Ready: 1, Retried: 2, Failed: 3, BytesIn: 1 << 40, BytesOut: 5}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { _, _ = s.Add(ctx, c, nil, middle+time.Hour) })
	}
	group.Wait()
	early := add(statistics.Counts{}, middle+time.Hour)
	late := add(c, middle)
	sample := statistics.Sample{Waiting: 20_000, More: true, Oldest: 3 * time.Hour, InFlight: 64}
	for _, one := range []struct {
		minute time.Time
		sample statistics.Sample
	}{{late, sample}, {late, statistics.Sample{Waiting: 9}}, {late.Add(-time.Minute), statistics.Sample{}}} {
		if err := s.AddSample(ctx, one.minute, one.sample); err != nil {
			t.Fatal(err)
		}
	}
	all, _ := list(24 * time.Hour)
	if len(all) != 3 {
		t.Fatalf("minutes are %+v", all)
	}
	times := func(n int64) statistics.Counts {
		return statistics.Counts{Ready: n, Retried: 2 * n, Failed: 3 * n, BytesIn: n << 40, BytesOut: 5 * n}
	}
	if m := all[0]; !m.At.Equal(early) || m.Counts != times(8) || m.Sample != nil {
		t.Errorf("the first minute is %+v, want %v with eight times %+v", m, early, c)
	}
	if m := all[1]; !m.At.Equal(late.Add(-time.Minute)) || m.Counts != (statistics.Counts{}) || m.Sample == nil || *m.Sample != (statistics.Sample{}) {
		t.Errorf("the second minute is %+v, want one in which nothing waited", m)
	}
	if m := all[2]; !m.At.Equal(late) || m.Counts != times(1) || m.Sample == nil || *m.Sample != sample {
		t.Errorf("the last minute is %+v, want %v with %+v and %+v", m, late, c, sample)
	}
	if latest, _ := list(30 * time.Minute); len(latest) != 2 {
		t.Errorf("in half an hour there were %+v", latest)
	}
	if n, err := s.PurgeMinutes(ctx, statistics.Keep, 10); n != 0 || err != nil {
		t.Errorf("%d removed that are not old, %v", n, err)
	}
	for _, want := range []int{2, 1, 0} {
		if n, err := s.PurgeMinutes(ctx, -time.Hour, 2); err != nil || n != want {
			t.Errorf("%d removed, %v; want %d", n, err, want)
		}
	}
	if left, _ := list(24 * time.Hour); len(left) != 0 {
		t.Errorf("%+v are left", left)
	}
}
