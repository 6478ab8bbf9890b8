package media

import (
	"context"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

const (
	// What was learnt of hosts waits to be written, so that many fetches share a
	// transaction: until changeGap after the last one what may change what is dispatched, which is
	// a failure or a first answer, and for reportEvery what only says how long fetches take.
	changeGap   = 200 * time.Millisecond
	reportEvery = time.Second
	// mostUnreported bounds what waits while the database is unavailable; the oldest is dropped.
	mostUnreported = 1000
)

// Fetch is what a fetch has shown of its host.
type Fetch struct {
	Host    string
	URL     int64          // a hash of the URL
	Failure *fault.Failure // nil: the host has answered
	Took    time.Duration
}

// reports are the fetches that are to be written, in the order in which they ended.
type reports struct {
	store Store
	log   *slog.Logger

	writing chan struct{} // of capacity 1: one batch at a time, so that they are in order

	mu      sync.Mutex
	waiting []Fetch
	written time.Time     // when writing the last batch ended, well or not; zero: there was none
	changes chan struct{} // of capacity 1
}

func newReports(store Store, log *slog.Logger) *reports {
	return &reports{store: store, log: log, writing: make(chan struct{}, 1), changes: make(chan struct{}, 1)}
}

// add notes how a fetch ended. An error that is no *fault.Failure says nothing of
// the host: the fetch was given up.
func (r *reports) add(job Job, url string, err error, took time.Duration) {
	failure, failed := fault.FailureOf(err)
	if err != nil && !failed {
		return
	}
	r.mu.Lock()
	r.keep(append(r.waiting, Fetch{Host: job.Host, URL: hashURL(url), Failure: failure, Took: took}))
	r.mu.Unlock()
	if failed || job.Contact {
		select {
		case r.changes <- struct{}{}:
		default:
		}
	}
}

func hashURL(url string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(url)) // never fails
	return int64(h.Sum64())     //nolint:gosec // an identity, not a number
}

// putBack has fetches that were taken written after all, before those that have ended since.
func (r *reports) putBack(fetches []Fetch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(append(fetches, r.waiting...))
}

// keep bounds what waits.
func (r *reports) keep(fetches []Fetch) {
	r.waiting = fetches[max(0, len(fetches)-mostUnreported):]
}

// gap is how long changes wait for the last batch to be changeGap ago.
func (r *reports) gap() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return changeGap - time.Since(r.written)
}

func (r *reports) wrote() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written = time.Now()
}

func (r *reports) take() []Fetch {
	r.mu.Lock()
	defer r.mu.Unlock()
	fetches := r.waiting
	r.waiting = nil
	return fetches
}

// Report writes what fetches have shown of their hosts until ctx is done, which is
// to be once no handler runs any more.
func (w *Worker) Report(ctx context.Context) error {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			w.flush(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
		case <-w.reports.changes:
			_ = backoff.Sleep(ctx, w.reports.gap()) // where ctx ends, what is there is written at once
		}
		w.flush(context.WithoutCancel(ctx))
	}
}

// flush writes what waits. What cannot be written waits for the next time.
func (w *Worker) flush(ctx context.Context) {
	select {
	case w.reports.writing <- struct{}{}:
		defer func() { <-w.reports.writing }()
	case <-ctx.Done():
		return
	}
	fetches := w.reports.take()
	if len(fetches) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastPause)
	defer cancel()
	breakers, err := w.Store.RecordFetches(ctx, fetches)
	w.reports.wrote()
	if err != nil {
		w.Log.Log(ctx, levelOf(err), "fetches not recorded, will be retried", "fetches", len(fetches), "error", err)
		w.reports.putBack(fetches)
	}
	for _, b := range breakers {
		if b.Open {
			w.Log.WarnContext(ctx, "host breaker opened", "host", b.Host, "failures", b.Failures, "reason", b.Reason)
		} else {
			w.Log.InfoContext(ctx, "host breaker closed", "host", b.Host)
		}
	}
}
