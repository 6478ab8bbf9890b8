package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/statistics"
)

// openHost is a host of the test's own with an open breaker.
func (s *deadSetup) openHost() string {
	s.t.Helper()
	host := fmt.Sprintf("open-%d.example:8080", time.Now().UnixNano())
	var fetches []media.Fetch
	for url := range int64(9) {
		fetches = append(fetches, media.Fetch{Host: host, URL: url, Failure: fault.Fail(fault.SourceUnreachable, "No one listens.", nil), Took: time.Second})
	}
	if _, err := s.db.RecordFetches(s.t.Context(), fetches); err != nil {
		s.t.Fatal(err)
	}
	return host
}

// TestTryHost: a host with an open breaker is tried at once, and the answer is the host; any other is refused with the
// field and the reason.
func TestTryHost(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	host := s.openHost()
	if _, err := s.db.RecordFetches(t.Context(), []media.Fetch{{Host: "well.example", URL: 1, Took: time.Second}}); err != nil {
		t.Fatal(err)
	}
	w := s.do("POST", "/hosts/"+strings.ToUpper(host)+"/try", "")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Cache-Control", "no-store")
	var got wire.Host
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Host != host || got.State != "probed" || got.Limit != 1 || got.OpenUntil != nil || got.Failures != 5 || got.Reason == nil || got.Fetches != nil {
		t.Errorf("host is %+v", got)
	}
	for path, want := range map[string]struct {
		status int
		reason string
	}{
		host:                {http.StatusConflict, "already"},
		"well.example":      {http.StatusConflict, "nothing keeps"},
		"nobody.example":    {http.StatusUnprocessableEntity, "within the last day"},
		"a%2Fb":             {http.StatusUnprocessableEntity, "such as example.com"},
		"%00":               {http.StatusUnprocessableEntity, "such as example.com"},
		"x%20y.example":     {http.StatusUnprocessableEntity, "such as example.com"},
		"%5B2001:db8::1%5D": {http.StatusUnprocessableEntity, "within the last day"},
	} {
		w := s.do("POST", "/hosts/"+path+"/try", "")
		wantProblem(t, w, want.status)
		if body := w.Body.String(); !strings.Contains(body, want.reason) || !strings.Contains(body, `"host"`) {
			t.Errorf("%s: %s, want %s", path, body, want.reason)
		}
	}
}

// TestFetchesOfHosts: how fetches of a host went in the last hour is with the host, on both routes.
func TestFetchesOfHosts(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	host := s.openHost()
	if _, err := s.db.RecordFetches(t.Context(), []media.Fetch{{Host: "well.example", URL: 1, Took: time.Second}}); err != nil {
		t.Fatal(err)
	}
	cells := []statistics.Cell{{Host: host, Class: -1, Fetches: 2}, {Host: host, Class: 19, Fetches: 9}, {Host: host, Class: 40, Fetches: 1}}
	if _, err := s.db.Add(t.Context(), statistics.Counts{}, cells, time.Minute); err != nil {
		t.Fatal(err)
	}
	var page wire.Page[wire.Host]
	w := s.do("GET", "/hosts", "")
	wantStatus(t, w, http.StatusOK)
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Data) != 2 {
		t.Fatal(page, err)
	}
	var tried wire.Host
	if err := json.Unmarshal(s.do("POST", "/hosts/"+host+"/try", "").Body.Bytes(), &tried); err != nil {
		t.Fatal(err)
	}
	for _, h := range []wire.Host{page.Data[0], tried} { // 2^(18.5/4) and 2^(39.5/4) ms, to the millisecond
		if h.Host != host || h.Fetches == nil || *h.Fetches != (wire.HostFetches{Succeeded: 10, Failed: 2, SuccessRate: 0.8333, P50MS: 25, P95MS: 939}) {
			t.Errorf("host is %+v, %+v", h, h.Fetches)
		}
	}
	if h := page.Data[1]; h.Host != "well.example" || h.Fetches != nil {
		t.Errorf("host is %+v, %+v", h, h.Fetches)
	}
}

// TestTurnsInTheQueue: whose images go next, when the next retry is, and which hosts most waits for.
func TestTurnsInTheQueue(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	s.work()
	if _, err := s.db.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "n", Images: []string{"https://a.example/3.jpg", "https://a.example/4.jpg"}}); err != nil {
		t.Fatal(err)
	}
	limits := dispatch.DefaultConfig().Limits
	limits.Slots, limits.Life = 10, time.Hour
	if _, err := s.db.DispatchStep(t.Context(), dispatch.Request{Life: time.Hour, Ranks: 4}, dispatch.OneStep(limits, 0)); err != nil {
		t.Fatal(err)
	}
	var queue wire.Queue
	w := s.do("GET", "/queue", "")
	wantStatus(t, w, http.StatusOK)
	if err := json.Unmarshal(w.Body.Bytes(), &queue); err != nil {
		t.Fatal(err)
	}
	if len(queue.Turns) != 1 {
		t.Fatalf("turns are %+v", queue.Turns)
	}
	turn := queue.Turns[0] // one attempt has ended
	if turn.FirstAt == nil || turn.LastAt == nil || !turn.FirstAt.After(queue.AsOf) || !turn.LastAt.After(*turn.FirstAt) {
		t.Errorf("the images are done at %v and %v", turn.FirstAt, turn.LastAt)
	}
	if turn.FirstAt, turn.LastAt = nil, nil; turn != (wire.QueueTurn{UserID: 1, Line: "known", Place: 1, Images: 2}) {
		t.Errorf("turn is %+v", turn)
	}
	if len(queue.Hosts) != 1 || queue.Hosts[0].Host != "down.example" || queue.Hosts[0].Parked != 1 || queue.Hosts[0].State != "open" || queue.Hosts[0].Fetches != nil {
		t.Errorf("hosts are %+v", queue.Hosts)
	}
	for _, state := range queue.States {
		if later := state.State == "later"; later && (state.DueAt == nil || state.DueAt.Sub(queue.AsOf) < 50*time.Minute) || (state.DueAt == nil) != (state.Images == 0) {
			t.Errorf("%s is due at %v", state.State, state.DueAt)
		}
	}
}
