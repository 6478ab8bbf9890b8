package products

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/line"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

func TestSentences(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	slow := &catalog.Problem{Reason: fault.SourceTimeout, Detail: "The host was too slow."}
	for want, c := range map[string]struct {
		img     catalog.Image
		waiting *dispatch.Waiting
	}{
		"It is published.": {catalog.Image{Status: catalog.Ready}, nil},
		"It failed for good after 5 attempts: The host was too slow.":                      {catalog.Image{Status: catalog.Failed, Attempts: 5, Problem: slow}, nil},
		"It is worked on. The last attempt failed: too slow.":                              {catalog.Image{Status: catalog.Pending, Problem: slow}, nil},
		"It waits to be tried again, expected in 30 s. The last attempt failed: too slow.": {catalog.Image{Status: catalog.Pending, Problem: slow}, &dispatch.Waiting{For: dispatch.ForRetry, Until: now.Add(30 * time.Second)}},
		"It waits for its turn.": {catalog.Image{Status: catalog.Pending}, &dispatch.Waiting{For: dispatch.ForTurn}},
		"It waits for its host, which has as many fetches as it may have, or does not answer.": {catalog.Image{Status: catalog.Pending}, &dispatch.Waiting{For: dispatch.ForHost, Until: now.Add(-time.Second)}},
	} {
		if got := sentenceOf(c.img, c.waiting, now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestChips: what would be refused for all users is not offered for them.
func TestChips(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"": "All* Failed", "status:failed": "All Failed*", "user:7": "All* On their way Ready Failed", "status:ready user:7 lamp": "All On their way Ready* Failed",
	} {
		selected, faults := line.Parse(asked)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		var words []string
		for _, c := range chipsOf(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/products?after=x&q="+url.QueryEscape(asked), nil), selected) {
			text := c.Text
			if c.Here {
				text += "*"
			}
			words = append(words, text)
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%q offers %s, want %s", asked, got, want)
		}
	}
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	img := catalog.Image{ID: 7, CreatedAt: begin}
	got := timelineOf(img, []attempts.Attempt{
		{Number: 1, Outcome: media.OutcomeRetried, EndedAt: begin.Add(2 * time.Second), Failure: fault.Fail(fault.SourceTimeout, "The host was too slow.", nil)},
		{Number: 1, Outcome: media.OutcomeReady, EndedAt: begin.Add(time.Minute), Work: events.Work{
			BegunAt: begin.Add(59 * time.Second).UnixMilli(), Status: 200, Redirects: 1,
			Steps: []events.Step{{Name: "fetch", TookMS: 750, BytesOut: 34_000}, {Name: "render", TookMS: 250}},
		}},
	}, []events.Event{
		{ImageID: 7, Type: events.ImageRetrying, OccurredAt: begin.Add(30 * time.Second), Data: events.Data{Cause: events.CauseRequest}},
		{ImageID: 8, Type: events.ImageRetrying, OccurredAt: begin.Add(30 * time.Second), Data: events.Data{Cause: events.CauseRequest}},
	})
	var words []string
	for _, m := range got {
		words = append(words, m.What)
	}
	if text := strings.Join(words, "; "); text != "Asked for; Attempt 1 failed: too slow; Asked for again; Attempt 1: ready" {
		t.Fatalf("timeline %s", text)
	}
	last := got[3]
	if last.Details != "the host answered with 200, 1 redirect followed, took 1.0 s" || last.Class != "ready" {
		t.Errorf("last %+v", last)
	}
	if len(last.Steps) != 2 || last.Steps[0].Words != "fetch 750 ms, 34 kB" || last.Steps[0].Share != 750 || last.Steps[1].From != 750 || last.Steps[1].Share != 250 {
		t.Errorf("steps %+v", last.Steps)
	}
}
