package media_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
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
			if s.TookMS = 0; !reflect.DeepEqual(s, c.want[i]) {
				t.Errorf("%s: step is %+v, want %+v", name, s, c.want[i])
			}
		}
	}
}

// TestRedirectsAreKept: with the step, within bounds, and no host twice in a row.
func TestRedirectsAreKept(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", events.MaxHostBytes) + ".example"
	work := &fakeWork{hops: []media.Hop{
		{Host: "a", Status: 302, Took: 40 * time.Millisecond}, {Host: "a", Status: 301}, {Host: long, Status: 307}, {Host: "<b>", Status: 308}, {Host: "a:8443", Status: 302}, {Status: 303}, {Host: "beyond", Status: 200},
	}}
	b := setup(t, work, "http://A/1")
	if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
		t.Fatal(err)
	}
	want := []events.Hop{
		{Status: 302, TookMS: 40}, {Status: 301}, {Host: long[len(".example"):], Status: 307}, {Host: "?b?", Status: 308}, {Host: "a:8443", Status: 302}, {Status: 303},
	}
	steps := b.store.image(1).work.Steps
	if got := steps[0].Hops; !slices.Equal(got, want) {
		t.Errorf("kept are %+v, want %+v", got, want)
	}
	for _, s := range steps[1:] {
		if s.Hops != nil {
			t.Errorf("%s has %+v", s.Name, s.Hops)
		}
	}
}
