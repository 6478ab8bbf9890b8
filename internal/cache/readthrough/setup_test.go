package readthrough_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/fault"
)

const lease = time.Minute

// engine is a simple-minded cache.Cache: it holds what it is given, knows of
// no fences, and can be told to lie, to hang and to fail.
type engine struct {
	mu          sync.Mutex
	entries     map[string]cache.Entry
	generations map[string]int64
	calls       map[string]int
	err         error                      // of every call
	before      map[string]func()          // runs in a call before it takes effect
	deaf        bool                       // announcements have no effect
	answer      func() (cache.Entry, bool) // of Get, when not nil
}

func newEngine() *engine {
	return &engine{
		entries: map[string]cache.Entry{}, generations: map[string]int64{},
		calls: map[string]int{}, before: map[string]func(){},
	}
}

// set changes how the engine behaves.
func (e *engine) set(change func(e *engine)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

func (e *engine) fail(err error) { e.set(func(e *engine) { e.err = err }) }

// called returns how often the engine was, and forgets it.
func (e *engine) called(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.calls[name]
	e.calls[name] = 0
	return n
}

func (e *engine) call(ctx context.Context, name string, effect func()) error {
	e.mu.Lock()
	e.calls[name]++
	before := e.before[name]
	e.mu.Unlock()
	if before != nil {
		before()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case e.err == nil:
		effect()
	}
	return e.err
}

func (e *engine) Get(ctx context.Context, key string) (entry cache.Entry, found bool, err error) {
	err = e.call(ctx, "get", func() {
		if e.answer != nil {
			entry, found = e.answer()
			return
		}
		entry, found = e.entries[key]
	})
	return entry, found, err
}

func (e *engine) Put(ctx context.Context, key string, entry cache.Entry) (bool, error) {
	return true, e.call(ctx, "put", func() { e.entries[key] = entry })
}

func (e *engine) Invalidate(ctx context.Context, key string, version int64) error {
	return e.call(ctx, "invalidate", func() {
		if !e.deaf && e.entries[key].Version < version {
			delete(e.entries, key)
		}
	})
}

func (e *engine) Generation(ctx context.Context, group string, floor int64) (generation int64, err error) {
	err = e.call(ctx, "generation", func() {
		if held := e.generations[group]; held < max(floor, 1) && !e.deaf {
			e.generations[group] = floor + 1
		}
		generation = e.generations[group]
	})
	return generation, err
}

// Bump has no clock: what is apart is always long enough.
func (e *engine) Bump(ctx context.Context, group string, floor int64, _ time.Duration) (generation int64, wait time.Duration, err error) {
	err = e.call(ctx, "bump", func() {
		e.generations[group] = max(e.generations[group], floor) + 1
		generation = e.generations[group]
	})
	return generation, 0, err
}

func (e *engine) Ping(ctx context.Context) error { return e.call(ctx, "ping", func() {}) }
func (e *engine) Close() error                   { return nil }

var errUnavailable = errors.New("connection refused")

// row is a product, or a list, in the database: all there is to it is its
// version, 0 before it exists.
type row struct {
	version atomic.Int64
	loads   atomic.Int64
}

func at(version int64) *row {
	r := &row{}
	r.version.Store(version)
	return r
}

func (r *row) load(context.Context) (cache.Entry, error) {
	r.loads.Add(1)
	return r.read()
}

func (r *row) read() (cache.Entry, error) {
	v := r.version.Load()
	if v == 0 {
		return cache.Entry{}, fault.New(fault.NotFound, "no such product")
	}
	return cache.Entry{Version: v, Body: []byte(strconv.FormatInt(v, 10))}, nil
}

// held returns a load that reads first and answers when released.
func (r *row) held(release <-chan struct{}) func(context.Context) (cache.Entry, error) {
	return func(ctx context.Context) (cache.Entry, error) {
		e, err := r.load(ctx)
		<-release
		return e, err
	}
}

func reader(tb testing.TB, e cache.Cache) *readthrough.Cache {
	tb.Helper()
	return logging(tb, e, slog.DiscardHandler)
}

func logging(tb testing.TB, e cache.Cache, h slog.Handler) *readthrough.Cache {
	tb.Helper()
	cfg := readthrough.DefaultConfig()
	cfg.Lease = lease
	c, err := readthrough.New(e, cfg, slog.New(h))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

const product = "product:1"

func want(t *testing.T, c *readthrough.Cache, r *row, version int64) {
	t.Helper()
	e, err := c.Load(t.Context(), product, all, r.load)
	if err != nil || e.Version != version || string(e.Body) != strconv.FormatInt(version, 10) {
		t.Errorf("read version %d %q, %v; want version %d", e.Version, e.Body, err, version)
	}
}

func wantGone(t *testing.T, c *readthrough.Cache, r *row) {
	t.Helper()
	if e, err := c.Load(t.Context(), product, all, r.load); fault.KindOf(err) != fault.NotFound {
		t.Errorf("read version %d, %v; want not found", e.Version, err)
	}
}

func wantLoads(t *testing.T, r *row, n int64) {
	t.Helper()
	if got := r.loads.Swap(0); got != n {
		t.Errorf("loaded %d times, want %d", got, n)
	}
}

// readLater starts a read and returns where its version, or its error, comes.
func readLater(t *testing.T, c *readthrough.Cache, load func(context.Context) (cache.Entry, error)) <-chan string {
	t.Helper()
	result := make(chan string, 1)
	go func() {
		e, err := c.Load(t.Context(), product, all, load)
		if err != nil {
			result <- err.Error()
			return
		}
		result <- string(e.Body)
	}()
	return result
}

// all finds every entry usable.
func all(cache.Entry) bool { return true }
