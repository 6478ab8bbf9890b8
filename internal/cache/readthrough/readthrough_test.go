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
	"vitrine.dev/internal/cache/memory"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/fault"
)

// engine is a real cache that can be told to lie and to fail.
type engine struct {
	cache.Cache

	down  atomic.Bool
	calls atomic.Int64
	// deaf swallows what is announced, as a link that has just been cut does.
	deaf atomic.Bool
	// stale is what Get answers, whatever is held; nil asks the cache.
	stale atomic.Pointer[cache.Entry]
	// oldGeneration is what Generation answers, "" asks the cache.
	oldGeneration atomic.Pointer[string]
}

func (e *engine) fail() error {
	e.calls.Add(1)
	if e.down.Load() {
		return fault.New(fault.Unavailable, "the engine is away")
	}
	return nil
}

func (e *engine) Get(ctx context.Context, key string) (cache.Entry, bool, error) {
	if err := e.fail(); err != nil {
		return cache.Entry{}, false, err
	}
	if old := e.stale.Load(); old != nil {
		return *old, true, nil
	}
	return e.Cache.Get(ctx, key)
}

func (e *engine) Put(ctx context.Context, key string, entry cache.Entry) (bool, error) {
	if err := e.fail(); err != nil {
		return false, err
	}
	return e.Cache.Put(ctx, key, entry)
}

func (e *engine) Invalidate(ctx context.Context, key string, version int64) error {
	if err := e.fail(); err != nil || e.deaf.Load() {
		return err
	}
	return e.Cache.Invalidate(ctx, key, version)
}

func (e *engine) Generation(ctx context.Context, group string) (string, error) {
	if err := e.fail(); err != nil {
		return "", err
	}
	if old := e.oldGeneration.Load(); old != nil {
		return *old, nil
	}
	return e.Cache.Generation(ctx, group)
}

func (e *engine) Bump(ctx context.Context, group string) error {
	if err := e.fail(); err != nil || e.deaf.Load() {
		return err
	}
	return e.Cache.Bump(ctx, group)
}

// row is a product in the database: its version is all there is to it.
type row struct {
	version atomic.Int64
	loads   atomic.Int64
}

func (r *row) load(context.Context) (cache.Entry, error) {
	r.loads.Add(1)
	v := r.version.Load()
	if v == 0 {
		return cache.Entry{}, fault.New(fault.NotFound, "no such product")
	}
	return cache.Entry{Version: v, Body: []byte(strconv.FormatInt(v, 10))}, nil
}

func setup(tb testing.TB) (*readthrough.Cache, *engine, *row) {
	tb.Helper()
	m, err := memory.New(memory.DefaultConfig())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = m.Close() })
	e := &engine{Cache: m}
	c, err := readthrough.New(e, readthrough.DefaultConfig(), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	r := &row{}
	r.version.Store(1)
	return c, e, r
}

func want(t *testing.T, c *readthrough.Cache, r *row, version int64) {
	t.Helper()
	e, err := c.Load(t.Context(), "product:1", r.load)
	if err != nil || e.Version != version || string(e.Body) != strconv.FormatInt(version, 10) {
		t.Fatalf("read version %d %q, %v; want version %d", e.Version, e.Body, err, version)
	}
}

func TestSecondReadIsAHit(t *testing.T) {
	t.Parallel()
	c, _, r := setup(t)
	want(t, c, r, 1)
	want(t, c, r, 1)
	if n := r.loads.Load(); n != 1 {
		t.Errorf("loaded %d times, want once", n)
	}
	if s := c.Stats(); s.Hits != 1 || s.Misses != 1 || s.Errors != 0 {
		t.Errorf("stats are %+v", s)
	}
}

func TestOwnWritesAreReadWhateverTheEngineSays(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*engine){
		"deaf": func(e *engine) { e.deaf.Store(true) },
		"down": func(e *engine) { e.down.Store(true) },
		"old":  func(e *engine) { e.stale.Store(&cache.Entry{Version: 1, Body: []byte("1")}) },
	} {
		c, e, r := setup(t)
		want(t, c, r, 1)
		spoil(e)
		r.version.Store(2)
		err := c.Invalidate(t.Context(), "product:1", 2)
		if down := name == "down"; down != (fault.KindOf(err) == fault.Unavailable) {
			t.Errorf("%s: invalidate returned %v", name, err)
		}
		e.down.Store(false)
		want(t, c, r, 2)
	}
}

func TestServedVersionsNeverGoBack(t *testing.T) {
	t.Parallel()
	c, e, r := setup(t)
	r.version.Store(5)
	want(t, c, r, 5)
	e.stale.Store(&cache.Entry{Version: 4, Body: []byte("4")}) // a server restarted with old data
	want(t, c, r, 5)
}

func TestNotFoundIsNotCached(t *testing.T) {
	t.Parallel()
	c, _, r := setup(t)
	r.version.Store(0)
	if _, err := c.Load(t.Context(), "product:1", r.load); fault.KindOf(err) != fault.NotFound {
		t.Fatalf("error %v, want not found", err)
	}
	r.version.Store(1)
	want(t, c, r, 1)
}

func TestDeletedStaysDeleted(t *testing.T) {
	t.Parallel()
	c, e, r := setup(t)
	want(t, c, r, 1)
	r.version.Store(0)
	if err := c.Invalidate(t.Context(), "product:1", cache.Gone); err != nil {
		t.Fatal(err)
	}
	e.stale.Store(&cache.Entry{Version: 1, Body: []byte("1")})
	if _, err := c.Load(t.Context(), "product:1", r.load); fault.KindOf(err) != fault.NotFound {
		t.Errorf("error %v, want not found", err)
	}
}

// TestSlowLoadIsNotGivenToLaterReaders: a load reads v1 and is held up; v2 is
// committed and acknowledged; who comes then gets v2, and v1 is not cached.
func TestSlowLoadIsNotGivenToLaterReaders(t *testing.T) {
	t.Parallel()
	c, _, r := setup(t)
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := func(ctx context.Context) (cache.Entry, error) {
		e, err := r.load(ctx)
		once.Do(func() { close(reached); <-release })
		return e, err
	}
	early := make(chan int64, 1)
	go func() {
		e, _ := c.Load(context.Background(), "product:1", slow)
		early <- e.Version
	}()
	<-reached
	r.version.Store(2)
	if err := c.Invalidate(t.Context(), "product:1", 2); err != nil {
		t.Fatal(err)
	}
	late := make(chan int64, 1)
	go func() {
		e, _ := c.Load(context.Background(), "product:1", slow)
		late <- e.Version
	}()
	close(release)
	if v := <-late; v != 2 {
		t.Errorf("the later reader got version %d", v)
	}
	if v := <-early; v != 1 && v != 2 {
		t.Errorf("the early reader got version %d", v)
	}
	want(t, c, r, 2)
}

func TestReadsAreCoalesced(t *testing.T) {
	t.Parallel()
	c, _, r := setup(t)
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	held := func(ctx context.Context) (cache.Entry, error) {
		once.Do(func() { close(reached); <-release })
		return r.load(ctx)
	}
	var readers sync.WaitGroup
	for range 50 {
		readers.Go(func() {
			if e, err := c.Load(t.Context(), "product:1", held); err != nil || e.Version != 1 {
				t.Errorf("read %+v, %v", e, err)
			}
		})
	}
	<-reached
	close(release)
	readers.Wait()
	if n := r.loads.Load(); n > 2 { // one, or a second that came just after
		t.Errorf("50 readers loaded %d times", n)
	}
}

func TestCallerThatGoesAwayDoesNotWait(t *testing.T) {
	t.Parallel()
	c, _, r := setup(t)
	release := make(chan struct{})
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Load(ctx, "product:1", func(ctx context.Context) (cache.Entry, error) { <-release; return r.load(ctx) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want canceled", err)
	}
}

func TestBreakerSparesAnEngineThatIsAway(t *testing.T) {
	t.Parallel()
	c, e, r := setup(t)
	e.down.Store(true)
	for range 200 {
		want(t, c, r, 1)
	}
	if n := e.calls.Load(); n > 20 {
		t.Errorf("an engine that is away was called %d times by 200 reads", n)
	}
	e.down.Store(false)
	deadline := time.Now().Add(10 * time.Second)
	for before := c.Stats().Hits; c.Stats().Hits == before; want(t, c, r, 1) {
		if time.Now().After(deadline) {
			t.Fatal("the engine came back and was not used again")
		}
	}
}

func list(t *testing.T, c *readthrough.Cache, r *row) string {
	t.Helper()
	e, err := c.LoadIn(t.Context(), "lists:1", "all", func(context.Context) (cache.Entry, error) {
		r.loads.Add(1)
		return cache.Entry{Version: 1, Body: []byte(strconv.FormatInt(r.version.Load(), 10))}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(e.Body)
}

func TestListsAgeByGeneration(t *testing.T) {
	t.Parallel()
	c, _, r := setup(t)
	first, second := list(t, c, r), list(t, c, r)
	if first != "1" || second != "1" || r.loads.Load() != 1 {
		t.Fatalf("read %s and %s in %d loads, want 1 and 1 in one", first, second, r.loads.Load())
	}
	r.version.Store(2)
	if err := c.Bump(t.Context(), "lists:1"); err != nil {
		t.Fatal(err)
	}
	if got := list(t, c, r); got != "2" {
		t.Errorf("after the bump the list is %s", got)
	}
}

// TestOwnBumpIsSeenWhateverTheEngineSays: this process's copy of the old
// generation may linger, or the bump may have been lost.
func TestOwnBumpIsSeenWhateverTheEngineSays(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(e *engine, generation string){
		"lingering copy": func(e *engine, g string) { e.oldGeneration.Store(&g) },
		"lost":           func(e *engine, _ string) { e.down.Store(true) },
	} {
		c, e, r := setup(t)
		list(t, c, r)
		generation, err := e.Cache.Generation(t.Context(), "lists:1")
		if err != nil {
			t.Fatal(err)
		}
		spoil(e, generation)
		r.version.Store(2)
		_ = c.Bump(t.Context(), "lists:1") // its error is for the outbox
		e.down.Store(false)
		for range 3 {
			if got := list(t, c, r); got != "2" {
				t.Errorf("%s: after the bump the list is %s", name, got)
			}
		}
	}
}

func TestDisabledAlwaysLoads(t *testing.T) {
	t.Parallel()
	c, r := readthrough.Disabled(), &row{}
	for v := int64(1); v < 4; v++ {
		r.version.Store(v)
		want(t, c, r, v)
		if got := list(t, c, r); got != strconv.FormatInt(v, 10) {
			t.Errorf("list is %s, want %d", got, v)
		}
	}
	if err := errors.Join(c.Invalidate(t.Context(), "k", 1), c.Bump(t.Context(), "g"), c.Ping(t.Context())); err != nil {
		t.Error(err)
	}
}

func BenchmarkLoad(b *testing.B) {
	b.Run("hit", func(b *testing.B) {
		c, _, r := setup(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Load(b.Context(), "product:1", r.load); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("miss", func(b *testing.B) {
		c, _, r := setup(b)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := c.Load(b.Context(), strconv.Itoa(i), r.load); err != nil {
				b.Fatal(err)
			}
		}
	})
}
