package metrics

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The labels of requests that are none of those of a route.
const (
	noRoute     = "none"  // nothing is at the path
	otherMethod = "other" // none that a route has
)

// statusGone stands for the answer to a client that has disconnected: no fault of the
// server, whatever was to be answered. The number is nginx's.
const statusGone = 499

// Requests counts and times the requests to the API.
type Requests struct {
	*prometheus.HistogramVec

	mu     sync.Mutex // of who adds to series
	series atomic.Pointer[map[request]prometheus.Observer]
}

// request is what series of requests are told apart by. There are as many as the routes have
// patterns, methods and classes.
type request struct {
	pattern, method string
	class           int
}

func newRequests() *Requests {
	q := &Requests{HistogramVec: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "http_request_duration_seconds",
		Help:    "Time from the header of a request to the end of its answer, in seconds, without the time that the client preferred to have it kept back. Streams take as long as they are open.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15}, // 250 ms is the objective for creates
	}, []string{"route", "method", "status_class"})}
	q.series.Store(&map[request]prometheus.Observer{})
	return q
}

// Observe adds a request that was answered with the status, 0 where no answer was begun.
// Its pattern is the one of its route. It allocates nothing but for the first request of its kind, and
// for those whose trace is recorded.
func (q *Requests) Observe(r *http.Request, status int, took time.Duration) {
	if status == 0 || status >= http.StatusInternalServerError && errors.Is(r.Context().Err(), context.Canceled) {
		status = statusGone
	}
	kind := request{pattern: r.Pattern, method: method(r.Method), class: status / 100}
	to, known := (*q.series.Load())[kind]
	if !known {
		to = q.add(kind)
	}
	observe(r.Context(), to, took.Seconds())
}

// add returns the series of the kind, from now on without a lock.
func (q *Requests) add(kind request) prometheus.Observer {
	q.mu.Lock()
	defer q.mu.Unlock()
	route := noRoute
	if _, path, found := strings.Cut(kind.pattern, " "); found { // the method, then the path
		route = path
	}
	to := q.WithLabelValues(route, kind.method, class(kind.class))
	more := maps.Clone(*q.series.Load())
	more[kind] = to
	q.series.Store(&more)
	return to
}

func class(hundreds int) string { return strconv.Itoa(hundreds) + "xx" }

// method is the label of a request's method, which may be any text.
func method(of string) string {
	known := [...]string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	}
	if slices.Contains(known[:], of) {
		return of
	}
	return otherMethod
}
