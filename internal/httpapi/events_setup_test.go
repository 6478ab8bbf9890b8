package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/httpkit/server"
	"vitrine.dev/internal/sqlstore"
)

// epoch is that of the installation of tests.
const epoch = "e"

// newFeed is one that no one runs: it looks at the log when it is asked.
func newFeed(db *sqlstore.Store, log *slog.Logger) *feed.Feed {
	return feed.New(events.NewHorizon(db, events.DefaultHorizonConfig(), log), db, func() string { return epoch }, log)
}

// eventSetup is an API behind the server that is shipped, whose feed and keys hear of changes.
type eventSetup struct {
	*matrix

	key    auth.Created
	secret string
	addr   string
	stop   context.CancelFunc // what a process does when it is about to end
}

func newEventSetup(t *testing.T) *eventSetup {
	t.Helper()
	s := &eventSetup{matrix: newMatrix(t, openSQLite(t))}
	log := slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	horizon := events.NewHorizon(s.db, events.DefaultHorizonConfig(), log)
	keys, open := auth.NewAuthenticator(s.db, log), func(ctx context.Context) (events.Next, error) { return horizon.Tail(ctx) }
	s.deps.Log, s.deps.Hold, s.deps.Feed = log, keys.Hold, feed.New(horizon, s.db, func() string { return epoch }, log)
	s.deps.Authorize = guard.New(keys, nil).WithTokens(auth.NewStreamTokens(s.deps.Signing, keys)).Authorize
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { _ = s.deps.Feed.Run(ctx) })
	running.Go(func() { _ = keys.Follow(ctx, open) })
	t.Cleanup(running.Wait)
	t.Cleanup(stop)
	s.stop, s.handler = stop, newAPI(t, s.deps)
	limits := server.DefaultLimits() // which a stream outlives
	limits.ReadTimeout, limits.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	s.addr = onWire(t, httpapi.New(s.deps), limits)
	s.key = s.matrix.key(s.owner, auth.ProductsRead)
	s.secret = s.key.Secret
	return s
}

// product makes one of the owner.
func (s *eventSetup) product() int64 {
	s.t.Helper()
	p, err := s.db.CreateProduct(s.t.Context(), catalog.NewProduct{UserID: s.owner, Name: "Lamp", RequestID: "r"})
	if err != nil {
		s.t.Fatal(err)
	}
	return p.ID
}

// sse is a stream as a client reads it.
type sse struct {
	t      *testing.T
	header http.Header
	body   *bufio.Scanner
	last   string // the id of the last event, or the position
	close  func()
}

// stream opens one.
func (s *eventSetup) stream(path, secret, last string) *sse {
	s.t.Helper()
	headers := []string{"Accept", "text/event-stream", "Last-Event-ID", last}
	if secret != "" {
		headers = append(headers, "Authorization", "Bearer "+secret)
	}
	ctx, leave := context.WithCancel(s.t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &sse{t: s.t, header: w.Header, body: bufio.NewScanner(w.Body), close: sync.OnceFunc(func() { leave(); _ = w.Body.Close() })}
	s.t.Cleanup(c.close)
	if w.StatusCode != http.StatusOK {
		s.t.Fatalf("a stream is answered with %d", w.StatusCode)
	}
	return c
}

// next returns the next event, false at the end of the stream.
func (c *sse) next() (e events.Public, ok bool) {
	c.t.Helper()
	watchdog := time.AfterFunc(patience, c.close)
	defer watchdog.Stop()
	for c.body.Scan() {
		if id, isID := strings.CutPrefix(c.body.Text(), "id: "); isID {
			c.last = id
		}
		if data, isData := strings.CutPrefix(c.body.Text(), "data: "); isData {
			if err := json.Unmarshal([]byte(data), &e); err != nil || e.ID != c.last {
				c.t.Errorf("%s behind the id %s: %v", data, c.last, err)
			}
			return e, true
		}
	}
	return e, false
}

// begun reads up to the position at which the stream begins.
func (c *sse) begun() *sse {
	c.t.Helper()
	for c.last == "" && c.body.Scan() {
		c.last = strings.TrimPrefix(c.body.Text(), "id: ")
		if c.last == c.body.Text() {
			c.last = ""
		}
	}
	return c
}
