package readthrough

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"vitrine.dev/internal/cache"
)

// miss is a read that the engine could not answer.
type miss struct {
	flight    string // whose loads are the same
	key       string // in the engine; none: the result is not put
	floor     int64  // what the caller may expect
	versioned bool   // versions of this key count
	load      loadFunc
}

// share loads, once for all who ask at the same time. A caller is never given
// what is older than it may expect: such a result is of a load that had begun
// before it came, and then it takes part in one that began after.
func (c *Cache) share(ctx context.Context, m miss) (cache.Entry, error) {
	if err := ctx.Err(); err != nil {
		return cache.Entry{}, fmt.Errorf("load: %w", err)
	}
	var tooOld *flight
	for {
		f, led := c.flights.join(m.flight, tooOld, func(f *flight) { c.fly(ctx, m, f) })
		if !led {
			c.counts.coalesced.Add(1)
		}
		select {
		case <-f.loaded:
		case <-ctx.Done():
			return cache.Entry{}, fmt.Errorf("load: %w", ctx.Err())
		}
		if led || tooOld != nil || f.answers(m.floor) {
			return f.entry, f.err
		}
		tooOld = f
	}
}

// fly loads for all who wait, and puts when they have been answered. It
// outlives the caller that began it.
func (c *Cache) fly(ctx context.Context, m miss, f *flight) {
	defer c.flights.end(m.flight, f)
	ctx = context.WithoutCancel(ctx)
	began := time.Now()
	f.run(ctx, c.cfg.LoadTimeout, m.load, func(e cache.Entry) {
		if m.versioned {
			c.floors.Saw(m.key, e.Version)
		}
	})
	if f.err == nil {
		c.put(ctx, m, f.entry, began)
	}
}

// flight is one load. Entry and err are set once loaded is closed.
type flight struct {
	loaded chan struct{}
	entry  cache.Entry
	err    error
}

// answers reports whether the result is good for a caller that came after the
// load had begun. An error may stem from a time before the floor.
func (f *flight) answers(floor int64) bool {
	if f.err != nil {
		return floor == 0
	}
	return f.entry.Version >= floor
}

var errUnfinished = errors.New("the load did not return")

// run loads and sets the result, whatever load does. seen is told of an entry
// before anybody is given it.
func (f *flight) run(ctx context.Context, limit time.Duration, load loadFunc, seen func(cache.Entry)) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer close(f.loaded)
	defer func() {
		if p := recover(); p != nil {
			f.err = fmt.Errorf("the load panicked: %v\n%s", p, debug.Stack())
		}
	}()
	f.err = errUnfinished
	f.entry, f.err = load(ctx)
	if f.err == nil {
		seen(f.entry)
	}
}

// flights are the loads under way, and those whose result is being put.
type flights struct {
	mu      sync.Mutex
	running map[string]*flight
}

// join returns the flight of that name, unless it is the one that is too old,
// or leads a new one.
func (f *flights) join(name string, tooOld *flight, fly func(*flight)) (joined *flight, led bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if running := f.running[name]; running != nil && running != tooOld {
		return running, false
	}
	if f.running == nil {
		f.running = make(map[string]*flight)
	}
	made := &flight{loaded: make(chan struct{})}
	f.running[name] = made
	go fly(made)
	return made, true
}

// forget lets nobody join the flight of that name any more.
func (f *flights) forget(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, name)
}

func (f *flights) end(name string, ended *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[name] == ended {
		delete(f.running, name)
	}
}
