package products

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
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
	img := catalog.Image{ID: 7, CreatedAt: begin, SourceURL: "https://A.example/x?secret=1"}
	got := timelineOf(img, attempts.History{Attempts: []attempts.Attempt{
		{Number: 1, Outcome: media.OutcomeRetried, EndedAt: begin.Add(2 * time.Second), Failure: fault.Fail(fault.SourceTimeout, "The host was too slow.", nil), Work: events.Work{
			Steps: []events.Step{{Name: "fetch", TookMS: 1500, Failed: true, Hops: []events.Hop{{Status: 302, TookMS: 500}, {Host: "b.example:8443", TookMS: 1000}, {Status: 503}}}},
		}},
		{Number: 1, Outcome: media.OutcomeReady, EndedAt: begin.Add(time.Minute), Work: events.Work{
			BegunAt: begin.Add(59 * time.Second).UnixMilli(), WaitedMS: 11_000, Status: 200, Worker: "W", TraceID: "abc",
			Steps: []events.Step{{Name: "fetch", TookMS: 500, BytesIn: 34_000}, {Name: "render", TookMS: 250, BytesIn: 34_000, BytesOut: 9000}},
		}},
		{Number: 0, Outcome: media.OutcomeFailed, EndedAt: begin.Add(time.Hour), Failure: fault.Fail(fault.SourceTimeout, "Silent.", nil)},
	}, Asked: []attempts.Asked{{At: begin.Add(30 * time.Second), Cause: events.CauseRequest}}}, "https://traces.example/?id="+TraceID)
	var words []string
	for _, m := range got {
		words = append(words, m.What)
		if text := strings.Join(append([]string{m.What, m.Details}, wordsOf(m.Stages)...), " "); strings.Contains(text, "secret") {
			t.Errorf("the query of a URL is told: %s", text)
		}
	}
	if text := strings.Join(words, "; "); text != "Asked for; Attempt 1 failed: too slow; Asked for again; Attempt 1: ready; Attempt failed for good: too slow" {
		t.Fatalf("timeline %s", text)
	}
	ready := got[3]
	if ready.Details != "took 1.0 s" || ready.Class != "ready" || ready.Trace != (trace{"abc", "https://traces.example/?id=abc"}) || got[1].Trace != (trace{}) || got[4].Stages != nil {
		t.Errorf("ready %+v", ready)
	}
	for i, want := range map[int][]string{
		1: {"fetch 1.5 s 0+1000", "a.example 302 in 500 ms 0+333", "b.example:8443 no answer in 1.0 s 333+666", "b.example:8443 503 in 0 ms 1000+4"},
		3: {
			"queue waited 11 s", "worker W", "fetch 500 ms, answered with 200, 34 kB 0+500", "hash new content", "render 250 ms, 34 kB to 9.0 kB 500+250",
			"ready 250 ms between the steps and for the commit 750+250",
		},
	} {
		if words := wordsOf(got[i].Stages); !slices.Equal(words, want) {
			t.Errorf("stages\n%q, want\n%q", words, want)
		}
	}
	if known := wordsOf(stagesOf(attempts.Attempt{Outcome: media.OutcomeReady, Work: events.Work{Published: true, Steps: []events.Step{{Name: "fetch"}}}}, "")); known[1] != "hash the same content was published before: nothing to render" {
		t.Errorf("of known content: %q", known)
	}
}

func wordsOf(stages []stage) (list []string) {
	for _, s := range stages {
		text := s.Name + " " + s.Words
		if s.Bar {
			text += fmt.Sprintf(" %d+%d", s.From, s.Share)
		}
		list = append(list, text)
	}
	return list
}

// TestCurl: what a stranger has written stands for itself in a shell, and no address that the server has heard of is the API's.
func TestCurl(t *testing.T) {
	t.Parallel()
	img := catalog.Image{ID: 7, Status: catalog.Failed, SourceURL: "https://a.example/$(id)'; reboot"}
	list := curlOf(img, 3, 7)
	if len(list) != 3 || list[0].Path != "/products/3/images/7/attempts" || list[1].Path != "/products/3/images/7/replay" || list[2].Path != "" || !strings.HasSuffix(list[2].Text, `'https://a.example/$(id)'\''; reboot'`) {
		t.Errorf("%+v", list)
	}
	if !strings.Contains(list[2].Text, "--max-redirs 7 ") {
		t.Errorf("other redirects are followed: %s", list[2].Text)
	}
	if strings.Contains(list[0].Text+list[1].Text, "://") {
		t.Errorf("the server says where it is: %+v", list)
	}
	img.SourceURL, img.Status = imageurl.Upload(sha256.Sum256(nil)), catalog.Pending
	if list := curlOf(img, 3, 7); len(list) != 1 {
		t.Errorf("of one that was sent: %+v", list)
	}
}

// hosts are a queue's.
type hosts struct{ dispatch.InspectorStore }

func (hosts) Hosts(_ context.Context, q dispatch.HostQuery) (list []dispatch.HostView, err error) {
	for _, name := range []string{"a.example", "a.example:8443", "b.example"} {
		if name > q.After && q.Failures == 0 || name == "b.example" && q.Failures > 0 {
			list = append(list, dispatch.HostView{Name: name})
		}
	}
	return list[:min(q.Limit, len(list))], nil
}

func (hosts) Backlog(context.Context) ([]dispatch.Group, dispatch.Pace, int64, error) {
	return nil, dispatch.Pace{}, 0, errors.New("the database cannot be reached")
}

// TestSuggestions: each is a whole line, which is read without fault, and an unavailable database takes nothing but
// what it knows.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	p := &Pages{Work: dispatch.NewInspector(hosts{}, dispatch.DefaultConfig().Limits), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	operator := auth.Principal{User: 1, Caller: 1, Scopes: auth.Scopes{auth.Operator}}
	for typed, want := range map[string]string{
		"":                   "status: host: user: price: external:",
		"shoe st":            "shoe status:",
		"status:":            "status:pending (needs a user, too) status:ready (needs a user, too) status:failed",
		"user:7 status:":     "user:7 status:pending user:7 status:ready user:7 status:failed",
		"status:failed":      "",
		"host:A.ex":          `host:a.example host:"a.example:8443"`,
		"host:":              "host:b.example",
		"host:nothing":       "",
		"user:":              "",
		`"a quote`:           "",
		"price:":             "",
		"\xff":               "",
		"status:failed host": "status:failed host:",
	} {
		var list []string
		for _, s := range p.suggestions(t.Context(), operator, typed, len(typed)) {
			text := s.Line
			if _, faults := line.Parse(s.Line); len(faults) > 0 && !strings.HasSuffix(s.Line, ":") {
				t.Errorf("%q suggests %q: %v", typed, s.Line, faults)
			}
			if s.Label != "" {
				text += " (" + s.Label + ")"
			}
			list = append(list, text)
		}
		if got := strings.Join(list, " "); got != want {
			t.Errorf("%q suggests %s, want %s", typed, got, want)
		}
	}
	if got := log.String(); strings.Count(got, "the database cannot be reached") != 1 { // of users
		t.Errorf("the log says %s", got)
	}
	r := httptest.NewRequestWithContext(auth.With(t.Context(), operator), http.MethodGet, "/console/products/suggestions?at=2&q=st+shoe", nil)
	w := httptest.NewRecorder()
	if err := p.suggest(w, r); err != nil || strings.TrimSpace(w.Body.String()) != `[{"line":"status: shoe"}]` {
		t.Errorf("%s, %v", w.Body, err)
	}
}
