package events_test

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/feed"
	eventsapi "vitrine.dev/internal/httpapi/events"
	"vitrine.dev/internal/httpkit"
)

// log has events of one product up to an id.
type log struct {
	events.Log

	last int64
}

func (log) Wake(context.Context) <-chan struct{}                         { return nil }
func (l log) Mark(context.Context, int64) (events.Mark, error)           { return events.Mark{To: l.last}, nil }
func (log) Passed(context.Context, events.Mark) (bool, error)            { return true, nil }
func (log) Read(context.Context, int64, int64, int) (events.Page, error) { return events.Page{}, nil }

func (l log) ScanEvents(_ context.Context, _ events.Selection, after, to int64, limit int) (page events.Page, err error) {
	for id := after + 1; id <= to && len(page.Events) < limit; id++ {
		page.Events = append(page.Events, events.Event{ID: id, Type: events.ProductUpdated, ProductID: 1, UserID: 1, Revision: id, Version: id})
	}
	return page, nil
}

// wire is the end of a connection that answers are written to.
type wire struct {
	net.Conn

	header http.Header
}

func (w *wire) Header() http.Header { return w.header }
func (w *wire) WriteHeader(int)     {}
func (w *wire) Flush()              {}

// open has a stream answer a request, and returns the other end of its connection and its outcome.
func open(t *testing.T, l log, after string, change func(*eventsapi.Handler)) (client net.Conn, ended chan error) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	f := feed.New(events.NewHorizon(l, events.DefaultHorizonConfig(), logger), l, func() string { return "e" }, logger)
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go func() { _ = f.Run(ctx) }()
	synctest.Wait()
	h := &eventsapi.Handler{Feed: f}
	if change != nil {
		change(h)
	}
	client, server := net.Pipe()
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	r := httptest.NewRequestWithContext(auth.With(ctx, auth.Everyone()), http.MethodGet, "/events", http.NoBody)
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Last-Event-ID", after)
	ended = make(chan error, 1)
	go func() { ended <- h.List(&wire{server, http.Header{}}, httpkit.WithParams(r, &httpkit.Params{})) }()
	return client, ended
}

// TestQuietStream: where nothing happens a comment is sent every 15 seconds, with the position.
func TestQuietStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		client, _ := open(t, log{last: 7}, "", nil)
		lines := bufio.NewReader(client)
		for n, want := range []string{"retry: 3000", "id: evt_e_7", "", ":", "id: evt_e_7", "", ":", "id: evt_e_7", ""} {
			line, err := lines.ReadString('\n')
			if err != nil || strings.TrimSuffix(line, "\n") != want {
				t.Errorf("line %d: %q, %v; want %q", n, line, err, want)
			}
			if took := time.Since(began); took < time.Duration(n/3)*15*time.Second || took > time.Duration(n/3)*15*time.Second+time.Second {
				t.Errorf("line %d after %s", n, took)
			}
		}
	})
}

// TestSilentReader: a stream ends when its client takes nothing for half a minute, and at once when
// its key is over.
func TestSilentReader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key  time.Duration // how long it lives; 0: for ever
		took time.Duration
	}{"slow": {0, 30 * time.Second}, "revoked": {5 * time.Second, 5 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, ended := open(t, log{last: 1000}, "evt_e_1", func(h *eventsapi.Handler) {
					h.Hold = func(ctx context.Context, _ auth.Principal) (context.Context, context.CancelFunc) {
						if c.key == 0 {
							return ctx, func() {}
						}
						return context.WithTimeoutCause(ctx, c.key, auth.ErrUnknownKey)
					}
				})
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took < c.took || took > c.took+time.Second {
					t.Errorf("it ended after %s", took)
				}
			})
		})
	}
}
