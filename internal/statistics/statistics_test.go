package statistics_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/statistics"
)

// fakeStore notes what it is told. Its clock is off by its offset.
type fakeStore struct {
	statistics.Store

	offset time.Duration

	mu      sync.Mutex
	down    bool
	added   []statistics.Minute
	samples []statistics.Minute
	minutes []statistics.Minute
	cells   []statistics.Cell // that were added, or are there
}

func (s *fakeStore) now() time.Time { return time.Now().Add(s.offset).UTC() }

func (s *fakeStore) Add(ctx context.Context, c statistics.Counts, cells []statistics.Cell, ago time.Duration) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || ctx.Err() != nil {
		return time.Time{}, errors.New("down")
	}
	s.added = append(s.added, statistics.Minute{At: s.now().Add(-ago).Truncate(statistics.Length), Counts: c})
	s.cells = append(s.cells, cells...)
	return s.now(), nil
}

func (s *fakeStore) Fetches(_ context.Context, hosts []string, within time.Duration) ([]statistics.Cell, error) {
	if within != statistics.FetchesFor {
		return nil, errors.New("another time")
	}
	return slices.DeleteFunc(slices.Clone(s.cells), func(c statistics.Cell) bool { return !slices.Contains(hosts, c.Host) }), nil
}

func (s *fakeStore) AddSample(_ context.Context, minute time.Time, sample statistics.Sample) error {
	if s.down {
		return errors.New("down")
	}
	s.samples = append(s.samples, statistics.Minute{At: minute, Sample: &sample})
	return nil
}

func (s *fakeStore) Minutes(context.Context, time.Duration) ([]statistics.Minute, time.Time, error) {
	return s.minutes, s.now(), nil
}

// take returns what was added since.
func (s *fakeStore) take() []statistics.Minute {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := s.added
	s.added = nil
	return added
}

func (s *fakeStore) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func attempted(o media.Outcome, steps ...media.Step) media.Attempted {
	return media.Attempted{Outcome: o, Steps: steps}
}

// record has the function go on beside a Recorder, whose Run it can end.
func record(t *testing.T, store *fakeStore, do func(r *statistics.Recorder, end func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := statistics.NewRecorder(store, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		do(r, func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	})
}

// TestRecorder: all attempts of a minute are one write, by how they ended, and with their bytes. A minute in which
// none ended has none, and the end of the process writes what is left.
func TestRecorder(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	record(t, store, func(r *statistics.Recorder, end func()) {
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				r.Attempted(t.Context(), attempted(media.OutcomeReady,
					media.Step{Name: media.StepFetch, BytesIn: 1000}, media.Step{Name: media.StepRender, BytesIn: 1000, BytesOut: 300}, media.Step{Name: media.StepStore, BytesIn: 300, BytesOut: 300}))
			})
		}
		group.Wait()
		r.Attempted(t.Context(), attempted(media.OutcomeFailed, media.Step{Name: media.StepFetch, BytesIn: 50}, media.Step{Name: media.StepStore, BytesOut: 7, Err: errors.New("down")}))
		r.Attempted(t.Context(), attempted(media.OutcomeRetried))
		r.Attempted(t.Context(), attempted(media.OutcomeRetried))
		r.Attempted(t.Context(), attempted(media.OutcomeUnchanged))
		r.Attempted(t.Context(), attempted(media.OutcomeSuperseded, media.Step{Name: media.StepFetch, BytesIn: 1}))
		r.Attempted(t.Context(), attempted(media.OutcomeInterrupted))
		time.Sleep(2 * statistics.Length)
		if got := store.take(); len(got) != 1 || got[0].Counts != (statistics.Counts{Ready: 10, Retried: 2, Failed: 1, BytesIn: 10_051, BytesOut: 3000}) {
			t.Errorf("written is %+v", got)
		}
		time.Sleep(time.Hour + 10*time.Second)
		if got := store.take(); len(got) != 0 {
			t.Errorf("written is %+v of minutes in which nothing happened", got)
		}
		r.Attempted(t.Context(), attempted(media.OutcomeReady))
		this := store.now().Truncate(statistics.Length)
		end()
		if got := store.take(); len(got) != 1 || got[0].Counts != (statistics.Counts{Ready: 1}) || !got[0].At.Equal(this) {
			t.Errorf("written is %+v at the end, in %v", got, this)
		}
	})
}

// TestRecorderFollowsTheDatabase: what ends in a minute of the database is counted in it, wherever in a minute the
// process has started, and what its own clock says.
func TestRecorderFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	for _, offset := range []time.Duration{0, 59 * time.Second, -31*time.Minute - 17*time.Second} {
		store := &fakeStore{offset: offset}
		record(t, store, func(r *statistics.Recorder, end func()) {
			r.Attempted(t.Context(), attempted(media.OutcomeReady)) // which shows it the clock
			time.Sleep(3 * statistics.Length)
			store.take()
			next := store.now().Truncate(statistics.Length).Add(statistics.Length)
			time.Sleep(next.Sub(store.now()))
			want := map[time.Time]int64{}
			for range 10 {
				for _, pause := range []time.Duration{5 * time.Second, 25 * time.Second, 29 * time.Second} { // at 5, 30 and 59 of the minute
					time.Sleep(pause)
					want[store.now().Truncate(statistics.Length)]++
					r.Attempted(t.Context(), attempted(media.OutcomeReady))
				}
				time.Sleep(time.Second)
			}
			time.Sleep(2 * statistics.Length)
			got := map[time.Time]int64{}
			for _, m := range store.take() {
				got[m.At] += m.Ready
			}
			for minute, n := range want {
				if got[minute] != n {
					t.Errorf("with a clock off by %v, %d are counted in %v, want %d", offset, got[minute], minute, n)
				}
			}
			end()
		})
	}
}

// TestRecorderOutage: what could not be written is written later, once.
func TestRecorderOutage(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	record(t, store, func(r *statistics.Recorder, end func()) {
		store.setDown(true)
		for range 5 {
			r.Attempted(t.Context(), attempted(media.OutcomeReady))
			time.Sleep(statistics.Length)
		}
		store.setDown(false)
		time.Sleep(3 * statistics.Length)
		end()
		if got := store.take(); len(got) != 1 || got[0].Ready != 5 {
			t.Errorf("written is %+v", got)
		}
	})
}

// TestSampler: a minute has one sample, of what is not in flight.
func TestSampler(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 30, 5, 0, time.UTC)
	o := dispatch.Overview{At: at, InFlight: 12, States: []dispatch.StateCount{
		{State: dispatch.StateDue, Images: 5, DueAt: at.Add(-time.Minute)},
		{State: dispatch.StateInLine, Images: 20_000, More: true, DueAt: at.Add(-time.Hour)},
		{State: dispatch.StateDispatched, Images: 9, DueAt: at.Add(-3 * time.Hour)},
		{State: dispatch.StateBegun, Images: 3, DueAt: at.Add(-4 * time.Hour)},
		{State: dispatch.StateParked},
		{State: dispatch.StateLater, Images: 7, DueAt: at.Add(-5 * time.Hour)}, // it is about to be due
	}}
	store := &fakeStore{}
	var log bytes.Buffer
	s := statistics.NewSampler(store, slog.New(slog.NewTextHandler(&log, nil)))
	for i := range 8 {
		if i == 2 || i == 3 {
			store.down = true
		}
		s.Sampled(t.Context(), o)
		if held := strings.Count(log.String(), "samples of what waits are held up"); held != min(i/3, 1) {
			t.Errorf("sample %d at %v, and the log says %s", i, o.At, &log)
		}
		store.down = false
		o.At = o.At.Add(19 * time.Second)
	}
	var minutes []int
	for _, m := range store.samples {
		minutes = append(minutes, m.At.Minute())
		if m.At.Second() != 0 {
			t.Errorf("a minute begins at %v", m.At)
		}
	}
	// At 12:31:02 there was no database, but there was at 12:31:21.
	if !slices.Equal(minutes, []int{30, 31, 32}) {
		t.Errorf("there are samples of the minutes %v", minutes)
	}
	want := statistics.Sample{Waiting: 20_012, More: true, Oldest: time.Hour, InFlight: 12}
	if got := *store.samples[0].Sample; got != want {
		t.Errorf("the first sample is %+v, want %+v", got, want)
	}
}

// TestHistory: minutes add up to points that begin at multiples of their length, of the minutes that are over.
func TestHistory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // at midnight
		store := &fakeStore{offset: 12*time.Hour + 34*time.Minute + 56*time.Second}
		now := store.now()
		service := statistics.NewService(store)
		for minutes := range statistics.MaxMinutes + 1 {
			h, err := service.History(t.Context(), minutes, nil)
			if err != nil {
				t.Fatal(err)
			}
			asked := minutes
			if minutes == 0 {
				asked = 60
			}
			length := time.Duration(h.Length) * time.Minute
			over := 0
			for i, p := range h.Points {
				over += p.Minutes
				if !p.At.Truncate(length).Equal(p.At) || i > 0 && p.At.Sub(h.Points[i-1].At) != length || p.Minutes != h.Length && i < len(h.Points)-1 {
					t.Fatalf("of %d minutes, point %d is %+v", minutes, i, p)
				}
			}
			if len(h.Points) > 101 || over < asked || over >= asked+h.Length || !h.Points[0].At.Add(time.Duration(over)*time.Minute).Equal(now.Truncate(time.Minute)) {
				t.Fatalf("of %d minutes, %d points have %d from %v on", minutes, len(h.Points), over, h.Points[0].At)
			}
		}

		minute := func(hour, minute int, ready int64, s *statistics.Sample) statistics.Minute {
			return statistics.Minute{
				At:     time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, time.UTC),
				Counts: statistics.Counts{Ready: ready, Retried: 2 * ready, Failed: 3 * ready, BytesIn: 4 * ready, BytesOut: 5 * ready}, Sample: s,
			}
		}
		store.minutes = []statistics.Minute{
			minute(8, 9, 1000, nil), // too early
			minute(9, 10, 1, &statistics.Sample{Waiting: 3, Oldest: time.Hour, InFlight: 1}),
			minute(9, 12, 10, &statistics.Sample{Waiting: 9, More: true, InFlight: 0}),
			minute(9, 14, 100, nil),
			minute(12, 33, 7, nil),
			minute(12, 34, 5000, &statistics.Sample{Waiting: 1}), // is not over
			minute(12, 41, 5000, nil),                            // of a clock that went back
		}
		h, err := service.History(t.Context(), 240, nil)
		if err != nil || h.Length != 5 || !h.AsOf.Equal(now) {
			t.Fatal(h, err)
		}
		for _, p := range h.Points {
			var want statistics.Point
			switch {
			case p.At.Hour() == 9 && p.At.Minute() == 10:
				want.Minute = minute(9, 10, 111, nil)
				want.Minutes = 5
				if p.Sample == nil || *p.Sample != (statistics.Sample{Waiting: 9, More: true, Oldest: time.Hour, InFlight: 1}) {
					t.Errorf("the sample is %+v", p.Sample)
				}
				p.Sample = nil
			case p.At.Hour() == 12 && p.At.Minute() == 30:
				want.Minute = minute(12, 30, 7, nil)
				want.Minutes = 4
			default:
				want.Minute, want.Minutes = statistics.Minute{At: p.At}, 5
			}
			if p != want {
				t.Errorf("point is %+v, want %+v", p, want)
			}
		}
		for _, bad := range []int{-1, 1441} {
			if _, err := service.History(t.Context(), bad, nil); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%d minutes: %v", bad, err)
			}
		}
		if _, err := service.History(t.Context(), 5, fault.FieldErrors{{Name: "hours", Reason: "is not known"}}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a field that is not known: %v", err)
		}
	})
}

// TestReadyPerMinute: the rate is of the last points that are enough minutes, and of nothing it is 0.
func TestReadyPerMinute(t *testing.T) {
	t.Parallel()
	point := func(ready int64, minutes int) statistics.Point {
		return statistics.Point{Minute: statistics.Minute{Counts: statistics.Counts{Ready: ready}}, Minutes: minutes}
	}
	for _, c := range []struct {
		points []statistics.Point
		want   float64
	}{
		{nil, 0},
		{[]statistics.Point{point(600, 1), point(4, 1), point(0, 1), point(1, 1), point(2, 1), point(3, 1)}, 2},
		{[]statistics.Point{point(600, 15), point(30, 15), point(10, 1)}, 2.5},
		{[]statistics.Point{point(3, 2)}, 1.5},
	} {
		if got := (statistics.History{Points: c.points}).ReadyPerMinute(5); got != c.want {
			t.Errorf("of %+v %v, want %v", c.points, got, c.want)
		}
	}
}
