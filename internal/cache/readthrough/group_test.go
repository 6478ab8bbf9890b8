package readthrough_test

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/readthrough"
)

const group = "lists:1"

func wantList(t *testing.T, c *readthrough.Cache, r *row, version, loads int64) {
	t.Helper()
	e, err := c.LoadIn(t.Context(), group, "all", r.load)
	if err != nil || string(e.Body) != strconv.FormatInt(version, 10) {
		t.Errorf("list is %s, %v; want %d", e.Body, err, version)
	}
	synctest.Wait()
	wantLoads(t, r, loads)
}

func TestListsAgeByGeneration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, r := reader(t, newEngine()), at(1)
		wantList(t, c, r, 1, 1)
		wantList(t, c, r, 1, 0)
		r.version.Store(2)
		if err := c.Bump(t.Context(), group); err != nil {
			t.Fatal(err)
		}
		wantList(t, c, r, 2, 1)
		wantList(t, c, r, 2, 0)
	})
}

// TestLateListReadersDoNotJoin: as with single entries, with the engine there
// and without it.
func TestLateListReadersDoNotJoin(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"engine there": nil, "engine unavailable": errUnavailable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, r, release := newEngine(), at(1), make(chan struct{})
				e.fail(err)
				c := reader(t, e)
				results := make(chan string, 2)
				read := func() {
					e, _ := c.LoadIn(t.Context(), group, "all", r.held(release))
					results <- string(e.Body)
				}
				go read()
				go read()
				synctest.Wait()
				wantLoads(t, r, 1) // they share
				r.version.Store(2)
				if got := c.Bump(t.Context(), group); !errors.Is(got, err) {
					t.Errorf("bump returned %v, want %v", got, err)
				}
				later := make(chan string, 1)
				go func() {
					e, _ := c.LoadIn(t.Context(), group, "all", r.held(release))
					later <- string(e.Body)
				}()
				synctest.Wait()
				close(release)
				if got := <-later; got != "2" {
					t.Errorf("after the bump the list is %s", got)
				}
				<-results
				<-results
			})
		})
	}
}

// TestEngineGoesBack: an engine that comes back with old data, as Redis from
// a snapshot, has the old generations and their lists. No one who knows better
// is given one, whether the engine starts a generation then or insists.
func TestEngineGoesBack(t *testing.T) {
	t.Parallel()
	for name, deaf := range map[string]bool{"it starts a new one": false, "it insists": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, r := newEngine(), at(1)
				writer, other := reader(t, e), reader(t, e)
				wantList(t, other, r, 1, 1)
				var entries map[string]cache.Entry
				var generations map[string]int64
				e.set(func(e *engine) { entries, generations = maps.Clone(e.entries), maps.Clone(e.generations) })
				r.version.Store(2)
				if err := writer.Bump(t.Context(), group); err != nil {
					t.Fatal(err)
				}
				e.set(func(e *engine) { e.entries, e.generations, e.deaf = maps.Clone(entries), maps.Clone(generations), deaf })
				wantList(t, writer, r, 2, 1)
				if deaf {
					return
				}
				wantList(t, writer, r, 2, 0)
				wantList(t, other, r, 2, 0)
				e.set(func(e *engine) { e.entries, e.generations = entries, generations })
				wantList(t, other, r, 2, 1) // it never wrote, and does not go back
			})
		})
	}
}

// TestFailedBump: until what was put before it has ended, the group's entries
// are not used here.
func TestFailedBump(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r := newEngine(), at(1)
		c := reader(t, e)
		wantList(t, c, r, 1, 1)
		e.fail(errUnavailable)
		r.version.Store(2)
		if err := c.Bump(t.Context(), group); !errors.Is(err, errUnavailable) {
			t.Fatalf("bump returned %v", err)
		}
		e.fail(nil)
		wantList(t, c, r, 2, 1)
		time.Sleep(lease + lease/2 - 1)
		wantList(t, c, r, 2, 1)
		if e, err := c.LoadIn(t.Context(), "lists:2", "all", at(7).load); err != nil || e.Version != 7 || c.Stats().Hits != 0 {
			t.Error("another group is touched")
		}
		time.Sleep(time.Microsecond)
		wantList(t, c, r, 1, 0) // by now a real engine has dropped it
	})
}

// TestBumpIsMadeUpFor: the log of events repeats what failed; then the group is used
// again at once.
func TestBumpIsMadeUpFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r := newEngine(), at(1)
		c := reader(t, e)
		wantList(t, c, r, 1, 1)
		e.fail(errUnavailable)
		_ = c.Bump(t.Context(), group)
		e.fail(nil)
		r.version.Store(2)
		if err := c.Bump(t.Context(), group); err != nil {
			t.Fatal(err)
		}
		wantList(t, c, r, 2, 1)
		wantList(t, c, r, 2, 0)
	})
}

// TestEarlierBumpMakesUpForNothing: a bump that was on its way when a later
// write's bump failed says nothing of that write.
func TestEarlierBumpMakesUpForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r, release := newEngine(), at(2), make(chan struct{})
		c := reader(t, e)
		e.fail(errUnavailable)
		_ = c.Bump(t.Context(), group) // an older failure
		time.Sleep(2 * time.Second)    // the breaker's rest
		e.fail(nil)
		e.set(func(e *engine) { e.before["bump"] = func() { <-release } })
		ended := make(chan error)
		go func() { ended <- c.Bump(t.Context(), group) }()
		synctest.Wait()
		e.set(func(e *engine) { delete(e.before, "bump"); e.err = errUnavailable })
		_ = c.Bump(t.Context(), group)
		e.fail(nil)
		close(release)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		wantList(t, c, r, 2, 1)
		wantList(t, c, r, 2, 1)
	})
}

// TestManyFailedBumps: none is forgotten where there are too many to remember
// each by name, and all end.
func TestManyFailedBumps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r := newEngine(), at(1)
		c := reader(t, e)
		wantList(t, c, r, 1, 1)
		e.fail(errUnavailable)
		if err := c.Bump(t.Context(), group); err == nil {
			t.Fatal("bumped without engine")
		}
		for i := range 100_000 {
			if err := c.Bump(t.Context(), fmt.Sprint("others:", i)); err == nil {
				t.Fatal("bumped without engine")
			}
		}
		e.fail(nil)
		time.Sleep(2 * time.Second) // the breaker's rest
		want(t, c, at(1), 1)
		wantList(t, c, r, 1, 1)
		wantList(t, c, r, 1, 1)
		time.Sleep(lease + lease/2)
		wantList(t, c, r, 1, 0)
	})
}

func TestDisabledAlwaysLoads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, r, release := readthrough.Disabled(), at(1), make(chan struct{})
		early := readLater(t, c, r.held(release))
		synctest.Wait()
		r.version.Store(2) // by another process
		want(t, c, r, 2)
		wantLoads(t, r, 2)
		wantList(t, c, r, 2, 1)
		close(release)
		<-early
		if err := errors.Join(c.Invalidate(t.Context(), "k", 1), c.Bump(t.Context(), "g"), c.Ping(t.Context())); err != nil {
			t.Error(err)
		}
	})
}
