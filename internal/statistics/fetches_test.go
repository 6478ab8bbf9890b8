package statistics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/statistics"
)

func fetched(host string, took time.Duration, err error) media.Attempted {
	a := attempted(media.OutcomeReady, media.Step{Name: media.StepFetch, Took: took, Err: err})
	a.Claim.Host = host
	return a
}

// recorded has a Recorder count the attempts, and returns how the fetches of the hosts went.
func recorded(t *testing.T, store *fakeStore, all []media.Attempted, hosts ...string) (fetches map[string]statistics.Fetches) {
	t.Helper()
	record(t, store, func(r *statistics.Recorder, end func()) {
		for _, a := range all {
			r.Attempted(t.Context(), a)
		}
		end()
	})
	fetches, err := statistics.NewService(store).Fetches(t.Context(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	return fetches
}

// TestFetches: fetches are counted by host, as far as they say something of it.
func TestFetches(t *testing.T) {
	t.Parallel()
	rendered := fetched("a.example", time.Second, nil)
	rendered.Outcome, rendered.Steps = media.OutcomeFailed, append(rendered.Steps, media.Step{Name: media.StepRender, Took: time.Hour, Err: fault.Fail(fault.DecodeFailed, "", nil)})
	all := []media.Attempted{
		rendered, fetched("a.example", 2*time.Second, nil), fetched("b.example", time.Millisecond, nil),
		fetched("a.example", time.Minute, fault.Fail(fault.SourceTimeout, "", nil)),
		fetched("a.example", time.Minute, fmt.Errorf("fetch: %w", fault.Fail(fault.SourceNotFound, "", nil))),
		fetched("a.example", 0, fault.Fail(fault.TooLargeBytes, "", nil)),      // it was there
		fetched("a.example", 0, fault.Fail(fault.StorageUnavailable, "", nil)), // ours
		fetched("a.example", 0, errors.New("given up")),
		attempted(media.OutcomeReady), fetched("", time.Second, nil),
		fetched("c.example", time.Second, fault.Fail(fault.SourceUnreachable, "", nil)),
	}
	got := recorded(t, &fakeStore{}, all, "a.example", "b.example", "c.example", "d.example")
	if f := got["a.example"]; f.Succeeded != 2 || f.Failed != 2 || f.P50 > 1100*time.Millisecond || f.P50 < 900*time.Millisecond || f.P95 > 2200*time.Millisecond || f.P95 < 1800*time.Millisecond {
		t.Errorf("a.example: %+v", f)
	}
	if rate, known := got["a.example"].Rate(); rate != 0.5 || !known {
		t.Errorf("rate %v, %t", rate, known)
	}
	if f := got["b.example"]; f != (statistics.Fetches{Succeeded: 1, P50: time.Millisecond, P95: time.Millisecond}) {
		t.Errorf("b.example: %+v", f)
	}
	if f := got["c.example"]; f != (statistics.Fetches{Failed: 1}) {
		t.Errorf("c.example: %+v", f)
	}
	if _, known := (statistics.Fetches{}).Rate(); known || len(got) != 3 {
		t.Errorf("hosts are %+v", got)
	}
}

// TestQuantiles: each is as near to what was measured as is promised, whatever the durations.
func TestQuantiles(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n := 1 + random.IntN(300)
		var all []media.Attempted
		var took []time.Duration
		for range n {
			d := time.Millisecond << random.IntN(17)
			d += time.Duration(random.Int64N(int64(d)))
			took = append(took, d)
			all = append(all, fetched("a.example", d, nil))
		}
		slices.Sort(took)
		f := recorded(t, &fakeStore{}, all, "a.example")["a.example"]
		for percent, got := range map[int]time.Duration{50: f.P50, 95: f.P95} {
			want := took[(n*percent+99)/100-1]
			if off := float64(got)/float64(want) - 1; off > 0.0906 || off < -0.0832 {
				t.Errorf("of %d, %d %% took %v, measured %v: off by %.1f %%", n, percent, got, want, off*100)
			}
		}
	}
	if f := recorded(t, &fakeStore{}, []media.Attempted{fetched("a.example", time.Hour, nil), fetched("b.example", 0, nil)}, "a.example", "b.example"); f["a.example"].P50 < 110*time.Second || f["b.example"].P50 != time.Millisecond {
		t.Errorf("beyond the classes: %+v", f)
	}
}

// TestFetchesAreBounded: hosts beyond the bound are left out, which is said once for a write; what could not be written is
// written later, counts and fetches at once.
func TestFetchesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store := &fakeStore{down: true}
		r := statistics.NewRecorder(store, slog.New(slog.NewTextHandler(&log, nil)))
		ended := make(chan error)
		ctx, stop := context.WithCancel(t.Context())
		go func() { ended <- r.Run(ctx) }()
		for n := range statistics.CellsMost + 30 {
			r.Attempted(ctx, fetched(fmt.Sprintf("h%d.example", n), time.Second, nil))
		}
		time.Sleep(7 * statistics.Length / 2) // not when it writes
		store.setDown(false)
		r.Attempted(ctx, fetched("h7.example", time.Second, nil)) // of one that is there
		time.Sleep(7 * statistics.Length / 2)                     // not when it writes
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := store.take(); len(got) != 1 || got[0].Ready != statistics.CellsMost+31 {
			t.Errorf("counts are written as %+v", got)
		}
		if len(store.cells) != statistics.CellsMost || !slices.IsSortedFunc(store.cells, func(a, b statistics.Cell) int { return strings.Compare(a.Host, b.Host) }) {
			t.Errorf("%d cells are written, or out of order", len(store.cells))
		}
		for _, c := range store.cells {
			if want := int64(1 + strings.Count(c.Host, "h7.example")); c.Fetches != want {
				t.Errorf("%+v, want %d", c, want)
			}
		}
		if text := log.String(); strings.Count(text, "left out") != 1 || !strings.Contains(text, "fetches=30") {
			t.Errorf("the log says %s", text)
		}
	})
}
