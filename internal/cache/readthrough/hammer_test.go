package readthrough_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/memory"
	"vitrine.dev/internal/cache/readthrough"
)

// flaky fails one call in four, half of these after it took effect; seldom so
// often in a row that the breaker opens.
type flaky struct {
	cache.Cache
	calls *atomic.Int64
}

func (f flaky) call(effect func() error) error {
	switch f.calls.Add(1) % 8 {
	case 0:
		return errUnavailable
	case 4:
		_ = effect()
		return errUnavailable
	default:
		return effect()
	}
}

func (f flaky) Get(ctx context.Context, key string) (e cache.Entry, found bool, err error) {
	err = f.call(func() error { e, found, err = f.Cache.Get(ctx, key); return err })
	return e, found, err
}

func (f flaky) Put(ctx context.Context, key string, e cache.Entry) (landed bool, err error) {
	err = f.call(func() error { landed, err = f.Cache.Put(ctx, key, e); return err })
	return landed, err
}

func (f flaky) Invalidate(ctx context.Context, key string, version int64) error {
	return f.call(func() error { return f.Cache.Invalidate(ctx, key, version) })
}

func (f flaky) Generation(ctx context.Context, group string, floor int64) (g int64, err error) {
	err = f.call(func() error { g, err = f.Cache.Generation(ctx, group, floor); return err })
	return g, err
}

func (f flaky) Bump(ctx context.Context, group string, floor int64, apart time.Duration) (g int64, wait time.Duration, err error) {
	err = f.call(func() error { g, wait, err = f.Cache.Bump(ctx, group, floor, apart); return err })
	return g, wait, err
}

// shelf is a database of one row per key and a list of all, which is as new as
// its newest row.
type shelf struct {
	rows, acknowledged [3]atomic.Int64
	list, listed       atomic.Int64
}

func (s *shelf) load(i int) func(context.Context) (cache.Entry, error) {
	return func(context.Context) (cache.Entry, error) { return slowly(s.rows[i].Load()) }
}

func (s *shelf) loadList(context.Context) (cache.Entry, error) {
	e, err := slowly(s.list.Load())
	e.Version = 1
	return e, err
}

func slowly(v int64) (cache.Entry, error) {
	if rand.IntN(4) == 0 {
		<-time.After(time.Duration(rand.IntN(1000)) * time.Microsecond)
	}
	return cache.Entry{Version: v + 1, Body: strconv.AppendInt(nil, v, 10)}, nil
}

func (s *shelf) write(t *testing.T, c *readthrough.Cache, i int) {
	t.Helper()
	v := s.rows[i].Add(1)
	l := s.list.Add(1)
	_ = c.Invalidate(t.Context(), strconv.Itoa(i), v+1) // what fails is repeated in life; promises hold before that
	_ = c.Bump(t.Context(), group)
	raise(&s.acknowledged[i], v)
	raise(&s.listed, l)
}

func raise(a *atomic.Int64, v int64) {
	old := a.Load()
	for old < v && !a.CompareAndSwap(old, v) {
		old = a.Load()
	}
}

// TestReadYourWrites hammers a cache whose engine fails often: no read is
// older than what was acknowledged, or read, before it began.
func TestReadYourWrites(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(cache.Cache) cache.Cache{
		"sound engine": func(c cache.Cache) cache.Cache { return c },
		"flaky engine": func(c cache.Cache) cache.Cache { return flaky{c, &atomic.Int64{}} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, err := memory.New(memory.DefaultConfig())
			if err != nil {
				t.Fatal(err)
			}
			defer engine.Close()
			c, s := reader(t, wrap(engine)), &shelf{}
			stop := time.Now().Add(time.Second)
			var busy sync.WaitGroup
			for range 4 {
				busy.Go(func() {
					for time.Now().Before(stop) {
						s.readRow(t, c, rand.IntN(len(s.rows)))
						s.readList(t, c)
					}
				})
			}
			for i := range s.rows {
				busy.Go(func() {
					for time.Now().Before(stop) {
						s.write(t, c, i)
						<-time.After(time.Duration(rand.IntN(500)) * time.Microsecond)
					}
				})
			}
			busy.Wait()
			if st := c.Stats(); st.Hits == 0 || st.Coalesced == 0 || (st.Errors == 0) != (name == "sound engine") {
				t.Errorf("that was no test: %+v", st)
			}
		})
	}
}

func (s *shelf) readRow(t *testing.T, c *readthrough.Cache, i int) {
	t.Helper()
	floor := s.acknowledged[i].Load()
	e, err := c.Load(t.Context(), strconv.Itoa(i), all, s.load(i))
	v, _ := strconv.ParseInt(string(e.Body), 10, 64)
	if err != nil || v < floor {
		t.Errorf("row %d is read at %d (%v) after %d", i, v, err, floor)
	}
	raise(&s.acknowledged[i], v) // what was served counts as well
}

func (s *shelf) readList(t *testing.T, c *readthrough.Cache) {
	t.Helper()
	floor := s.listed.Load()
	e, err := c.LoadIn(t.Context(), group, "all", s.loadList)
	if v, _ := strconv.ParseInt(string(e.Body), 10, 64); err != nil || v < floor {
		t.Errorf("the list is read at %d (%v) after %d", v, err, floor)
	}
}
