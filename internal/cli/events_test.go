package cli

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// eventServer answers in this order, and notes what it was asked for; after the last answer the
// client is stopped.
func eventServer(t *testing.T, answers []string) (run func(args ...string) (code int, out, errs string), asked func() []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	var mu sync.Mutex
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n := len(requests)
		requests = append(requests, r.URL.String()+" "+r.Header.Get("Prefer"))
		mu.Unlock()
		if n >= len(answers) {
			stop()
			<-r.Context().Done()
			return
		}
		if answers[n][0] != '{' {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(answers[n]))
	}))
	t.Cleanup(server.Close)
	run = func(args ...string) (int, string, string) {
		var out, errs strings.Builder
		code := Run(ctx, &fake{}, Streams{Out: &out, Err: &errs}, append(args, "--url", server.URL)...)
		return code, out.String(), errs.String()
	}
	return run, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(requests) }
}

const (
	firstPage = `{"data":[{"id":"evt_e_1","type":"product.updated","product_id":7,"user_id":1,"occurred_at":"2026-11-27T06:00:10.5Z",
		"product":{"revision":4,"version":2},"data":{"fields":["product_name","product_price"]}}],"next_cursor":"evt_e_9","more":true}`
	secondPage = `{"data":[{"id":"evt_e_11","type":"image.retrying","product_id":7,"image_id":8,"occurred_at":"2026-11-27T06:00:11Z",
		"product":{"revision":5,"version":2},"data":{"reason":"source_timeout","attempt":1,"delay_ms":1500,"cause":"repair"}}],"next_cursor":"evt_e_12","more":false}`
	firstLine  = "2026-11-27T06:00:10Z  evt_e_1  product.updated  product 7  version 2 revision 4  changed product_name,product_price\n"
	secondLine = "2026-11-27T06:00:11Z  evt_e_11  image.retrying   product 7  image 8  version 2 revision 5  attempt 1  source_timeout  again in 1.5s  by repair\n"
)

// TestEvents: what is in the log now, to its end.
func TestEvents(t *testing.T) {
	t.Parallel()
	run, asked := eventServer(t, []string{firstPage, secondPage})
	code, out, _ := run("events", "--types", "product.updated,image.retrying", "--product", "7")
	if code != 0 || out != firstLine+secondLine {
		t.Errorf("%d, wrote\n%swant\n%s", code, out, firstLine+secondLine)
	}
	const filter = "limit=1000&product_id=7&types=product.updated%2Cimage.retrying "
	if got, want := asked(), []string{"/events?" + filter, "/events?after=evt_e_9&" + filter}; !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
	run, _ = eventServer(t, []string{secondPage})
	if _, out, _ := run("events", "--json"); !strings.HasPrefix(out, `{"id":"evt_e_11",`) {
		t.Errorf("%s", out)
	}
	run, _ = eventServer(t, []string{`unavailable`})
	if code, _, errs := run("events"); code != 1 || !strings.Contains(errs, "503") {
		t.Errorf("%d: %s", code, errs)
	}
}

// TestFollow: it goes on over an outage until it is stopped, and says from where to go on.
func TestFollow(t *testing.T) {
	t.Parallel()
	run, asked := eventServer(t, []string{`{"data":[],"next_cursor":"evt_e_0","more":false}`, `unavailable`, firstPage, secondPage})
	began := time.Now()
	code, out, errs := run("events", "-f")
	if code != 0 || out != firstLine+secondLine || !strings.Contains(errs, "--after evt_e_12") {
		t.Errorf("%d, wrote\n%s%s", code, out, errs)
	}
	var after []string
	for _, request := range asked() {
		after = append(after, strings.TrimSuffix(strings.TrimPrefix(request, "/events?after="), "&limit=1000 wait=10"))
	}
	if want := []string{"latest", "evt_e_0", "evt_e_0", "evt_e_9", "evt_e_12"}; !slices.Equal(after, want) {
		t.Errorf("asked for what is after %q, want %q", after, want)
	}
	if took := time.Since(began); took < 2*followPace-100*time.Millisecond {
		t.Errorf("a server that does not wait was asked again within %s", took)
	}
}
