package media_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqlstore"
)

// TestFakeStoreAnswersAsTheRealOne takes the stand-in of these tests and a real
// store through the same steps: their answers are the same. The stand-in is
// there for its clock, which can be moved by hours, and for its outages.
func TestFakeStoreAnswersAsTheRealOne(t *testing.T) {
	t.Parallel()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "test.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	urls := []string{"http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg"}
	p, err := store.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "Lamp", Images: urls})
	if err != nil {
		t.Fatal(err)
	}
	jobs := make([]media.Job, len(urls))
	for i, img := range p.Images {
		jobs[i] = media.Job{ImageID: img.ID, ProductID: p.ID, Generation: 1, Host: "a"}
	}
	out := map[int64]media.Job{}
	dispatched := func(j media.Job) media.Job {
		request, plan := dispatch.Single(time.Hour, 10, 10)
		step, err := store.DispatchStep(t.Context(), request, plan)
		if err != nil {
			t.Fatal(err)
		}
		for _, more := range step.Jobs {
			out[more.ImageID] = more
		}
		return out[j.ImageID]
	}
	want := answers(t, store, jobs, dispatched)
	got := answers(t, newFakeStore(urls...), jobs, func(j media.Job) media.Job { return j })
	if !slices.Equal(got, want) {
		for i := range max(len(got), len(want)) {
			t.Errorf("%s\n%s", append(want, "")[min(i, len(want))], append(got, "")[min(i, len(got))])
		}
	}
}

// answers lists what a store answers to steps that depend on one another;
// dispatched returns the newest message of a job.
func answers(t *testing.T, s media.Store, of []media.Job, dispatched func(media.Job) media.Job) (lines []string) {
	t.Helper()
	ctx := t.Context()
	note := func(step string, err error, more ...any) {
		kind := "ok"
		if err != nil {
			kind = fault.KindOf(err).String()
		}
		lines = append(lines, fmt.Sprintln(append([]any{step, kind}, more...)...))
	}
	begin := func(step string, j media.Job) media.Claim {
		c, err := s.Begin(ctx, j, time.Minute)
		note(step, err, c.Attempt, c.Lost, c.SourceURL)
		return c
	}
	timeout := fault.Fail(fault.SourceTimeout, "Slow.", nil)
	lost := media.Lost()
	rendition := catalog.Rendition{Key: "00000000000000000000000000000001", Compressed: catalog.Output{Key: "x"}}

	jobs := make([]media.Job, len(of))
	for i, j := range of {
		jobs[i] = dispatched(j)
	}
	other := jobs[0]
	other.Generation = 2
	begin("begin another generation", other)
	begin("begin what is not there", media.Job{ImageID: 999, ProductID: jobs[0].ProductID, Generation: 1})
	first := begin("begin", jobs[0])
	begin("begin what is begun", jobs[0])
	note("renew", s.Renew(ctx, first, time.Minute))
	_, err := s.Retry(ctx, first, timeout, 0)
	note("retry", err)
	note("renew after it", s.Renew(ctx, first, time.Minute))
	_, err = s.Complete(ctx, first, rendition, noReport)
	note("complete an old claim", err)
	jobs[0] = dispatched(jobs[0])
	second := begin("begin again", jobs[0])
	_, err = s.Rendition(ctx, rendition.Key)
	note("look up", err)
	_, err = s.Complete(ctx, second, rendition, noReport)
	note("complete", err)
	found, err := s.Rendition(ctx, rendition.Key)
	note("look up after it", err, found.Compressed.Key)
	_, err = s.Fail(ctx, second, timeout)
	note("fail what is complete", err)
	_, err = s.CountLostDelivery(ctx, jobs[0], lost, media.DefaultPolicy().Decide(lost))
	note("count against what is complete", err)
	_, err = s.CountLostDelivery(ctx, jobs[1], lost, func(spent media.Spent) (time.Duration, bool) {
		note("decide", nil, spent.Attempts, spent.Lost)
		return 0, true
	})
	note("count a lost delivery", err)
	jobs[1] = dispatched(jobs[1])
	third := begin("begin after it", jobs[1])
	_, err = s.Fail(ctx, third, timeout)
	note("fail", err)
	begin("begin what has failed", jobs[1])
	_, err = s.CountLostDelivery(ctx, jobs[2], lost, func(media.Spent) (time.Duration, bool) { return 0, false })
	note("give up", err)
	begin("begin what was given up", jobs[2])
	swept, err := s.Sweep(ctx, media.SweepPolicy{Limit: 10, Lost: lost, Decide: media.DefaultPolicy().Decide(lost)})
	note("sweep", err, len(swept))
	return lines
}

func noReport() *processes.Report { return nil }
