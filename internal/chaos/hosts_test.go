package chaos_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// How the hosts are.
const (
	shop     = "shop"     // answers at once
	calm     = "calm"     // the same, and has the injector's own pictures only
	sluggish = "sluggish" // takes its time for each picture
	hanging  = "hanging"  // answers no one in the first half of a run
	failing  = "failing"  // 500 until the faults are over
	limiting = "limiting" // 429 with Retry-After beyond some requests a second
)

const (
	sluggishFor = time.Second
	slowFor     = 2 * time.Second
	limitedTo   = 4 // requests a second
)

// host is one host of the source: it answers as it is, and notes every request.
type host struct {
	*httptest.Server

	of  *source
	how string

	mu       sync.Mutex
	requests []*request
	answered time.Time // when it first answered anyone; zero: never
	second   int64     // of the last request
	within   int       // this second
}

// request is one request at a host. It was under way from the first moment to the last.
type request struct {
	url      string
	from, to time.Time // to is zero while it is
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := h.begin(r)
	defer h.end(asked)
	if h.how == calm {
		h.of.waiting.Add(1)
		defer h.of.waiting.Add(-1)
	}
	switch ctx := r.Context(); {
	case h.how == hanging && !waitFor(ctx, h.of.healed), h.how == sluggish && !pause(ctx, sluggishFor):
	case h.how == failing && !closed(h.of.over):
		w.WriteHeader(http.StatusInternalServerError)
	case h.how == limiting && h.tooMany():
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		h.of.serve(w, r, h.how, h.answers)
	}
}

func (h *host) begin(r *http.Request) *request {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked := &request{url: h.URL + r.URL.Path, from: time.Now()}
	h.requests = append(h.requests, asked)
	return asked
}

func (h *host) end(asked *request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked.to = time.Now()
}

func (h *host) answers() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.answered.IsZero() {
		h.answered = time.Now()
	}
}

func (h *host) tooMany() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now().Unix(); now != h.second {
		h.second, h.within = now, 0
	}
	h.within++
	return h.within > limitedTo
}

// seen returns the requests so far, and when the host first answered.
func (h *host) seen() (list []request, answered time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.requests {
		list = append(list, *r)
	}
	return list, h.answered
}

// badUser is the user most of whose pictures are at hosts that are slow or fail.
const badUser = 3

// hostFor returns where one of a user's pictures is.
func (s *source) hostFor(rng *rand.Rand, user int64) *host {
	how := shop
	if bad := rng.IntN(100); user == badUser && bad < 60 || bad < 10 {
		how = []string{sluggish, sluggish, sluggish, hanging, failing, limiting}[rng.IntN(6)]
	}
	return s.hosts[how][rng.IntN(len(s.hosts[how]))]
}

// waitFor waits until the channel is closed, and reports false when ctx ended first.
func waitFor(ctx context.Context, end <-chan struct{}) bool {
	select {
	case <-end:
		return true
	case <-ctx.Done():
		return false
	}
}

func closed(end <-chan struct{}) bool {
	select {
	case <-end:
		return true
	default:
		return false
	}
}
