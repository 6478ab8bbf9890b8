package media_test

import (
	"context"
	"testing"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

// TestWhatIsKeptOfAttempts: the store is given how an attempt went, up to the step with which it
// ended.
func TestWhatIsKeptOfAttempts(t *testing.T) {
	t.Parallel()
	gone := func(context.Context, string) ([]byte, error) {
		return nil, fault.Fail(fault.SourceNotFound, "gone", nil)
	}
	same := func(context.Context, string) ([]byte, error) { return []byte("same"), nil }
	kept := func(work *fakeWork, urls ...string) events.Work {
		b := setup(t, work, urls...)
		for i := range urls {
			if err := b.worker.Handle(t.Context(), jobFor(int64(i+1))); err != nil {
				t.Fatal(err)
			}
		}
		return b.store.image(int64(len(urls))).work
	}
	for name, c := range map[string]struct {
		got       events.Work
		published bool
		want      []events.Step
	}{
		"ready": {got: kept(&fakeWork{fetch: same}, "http://a/1"), want: []events.Step{
			{Name: "fetch", BytesIn: 4}, {Name: "render", BytesIn: 4, BytesOut: 9}, {Name: "store", BytesIn: 9, BytesOut: 9},
		}},
		"published before": {got: kept(&fakeWork{fetch: same}, "http://a/1", "http://a/2"), published: true, want: []events.Step{{Name: "fetch", BytesIn: 4}}},
		"failed":           {got: kept(&fakeWork{fetch: gone}, "http://a/1"), want: []events.Step{{Name: "fetch", Failed: true}}},
	} {
		if c.got.Status != 203 || c.got.Redirects != 1 || c.got.Generation != 1 || c.got.Published != c.published || len(c.got.Steps) != len(c.want) {
			t.Errorf("%s: %+v", name, c.got)
			continue
		}
		for i, s := range c.got.Steps {
			if s.TookMS = 0; s != c.want[i] {
				t.Errorf("%s: step is %+v, want %+v", name, s, c.want[i])
			}
		}
	}
}
