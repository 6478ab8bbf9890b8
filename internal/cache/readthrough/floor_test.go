package readthrough_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/cache"
)

// TestOwnWritesAreRead, whatever the engine makes of the announcement.
func TestOwnWritesAreRead(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*engine){
		"deaf": func(e *engine) { e.deaf = true },
		"away": func(e *engine) { e.err = errUnavailable },
		"late": func(e *engine) { e.answer = func() (cache.Entry, bool) { return cache.Entry{Version: 1}, true } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, r := newEngine(), at(1)
				c := reader(t, e)
				want(t, c, r, 1)
				synctest.Wait()
				e.set(spoil)
				r.version.Store(2)
				if err := c.Invalidate(t.Context(), product, 2); errors.Is(err, errUnavailable) != (name == "away") {
					t.Errorf("invalidate returned %v", err)
				}
				e.fail(nil)
				want(t, c, r, 2)
				time.Sleep(lease - 1) // as long as the engine may hold what it held
				e.set(func(e *engine) { e.entries[product] = cache.Entry{Version: 1} })
				want(t, c, r, 2)
			})
		})
	}
}

// TestServedVersionsStay: what was served once is the least that is served
// while anything older may live, however long it has been read and whatever
// else is.
func TestServedVersionsStay(t *testing.T) {
	t.Parallel()
	for rounds := range 8 {
		synctest.Test(t, func(t *testing.T) {
			e, r := newEngine(), at(5)
			c := reader(t, e)
			put := func(version int64) { // by another process
				e.set(func(e *engine) { e.entries[product], _ = at(version).read() })
			}
			put(5)
			for round := range rounds + 1 {
				time.Sleep(lease - 1)
				want(t, c, r, 5)
				for i := range 1000 {
					if _, err := c.Load(t.Context(), fmt.Sprint(round, " ", i), all, at(1).load); err != nil {
						t.Fatal(err)
					}
				}
			}
			wantLoads(t, r, 0)
			put(4)
			want(t, c, r, 5)
			wantLoads(t, r, 1)
		})
	}
}

// TestGoneStaysGone: where the database said so, while the engine was unavailable,
// an engine that has not heard of the deletion does not bring it back.
func TestGoneStaysGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r := newEngine(), at(1)
		c := reader(t, e)
		want(t, c, r, 1)
		synctest.Wait()
		r.version.Store(0) // by another process
		e.fail(errUnavailable)
		wantGone(t, c, r)
		e.fail(nil)
		wantGone(t, c, r)
		time.Sleep(lease - 1)
		wantGone(t, c, r)
		time.Sleep(4 * lease) // by then the engine holds nothing as old
		e.set(func(e *engine) { e.entries = map[string]cache.Entry{} })
		r.version.Store(1)
		want(t, c, r, 1)
		synctest.Wait()
		wantLoads(t, r, 5)
		want(t, c, r, 1)
		wantLoads(t, r, 0)
	})
}

// TestLoadedVersionsStay: the same for what was loaded.
func TestLoadedVersionsStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r := newEngine(), at(5)
		c := reader(t, e)
		want(t, c, r, 5)
		synctest.Wait()
		e.set(func(e *engine) { e.entries[product] = cache.Entry{Version: 4, Body: []byte("4")} })
		want(t, c, r, 5)
		wantLoads(t, r, 2)
	})
}

func TestDeletedStaysDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r := newEngine(), at(1)
		e.deaf = true
		c := reader(t, e)
		want(t, c, r, 1)
		synctest.Wait()
		r.version.Store(0)
		if err := c.Invalidate(t.Context(), product, cache.Gone); err != nil {
			t.Fatal(err)
		}
		wantGone(t, c, r)
	})
}

// TestLateReadersDoNotJoin: a load has read the row and hangs; then the row is
// changed and the change acknowledged. Who comes now gets the change.
func TestLateReadersDoNotJoin(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		from, to     int64 // of the row
		announced    int64
		early, later string
	}{
		"change": {1, 2, 2, "1", "2"},
		"create": {0, 1, 1, "no such product", "1"},
		"delete": {1, 0, cache.Gone, "1", "no such product"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, r, release := newEngine(), at(change.from), make(chan struct{})
				c := reader(t, e)
				early := readLater(t, c, r.held(release))
				synctest.Wait()
				r.version.Store(change.to)
				if err := c.Invalidate(t.Context(), product, change.announced); err != nil {
					t.Fatal(err)
				}
				later := readLater(t, c, r.held(release))
				synctest.Wait()
				wantLoads(t, r, 2) // nor do they wait for it
				close(release)
				if got := <-early; got != change.early {
					t.Errorf("the early reader got %s", got)
				}
				if got := <-later; got != change.later {
					t.Errorf("the later reader got %s", got)
				}
				synctest.Wait()
				if held := e.entries[product].Version; held != change.to {
					t.Errorf("the engine was given version %d, want %d only", held, change.to)
				}
			})
		})
	}
}

// TestJoinedResultBelowTheFloor: another process's newer entry was served
// while a load hung. Who comes then, and does not find that entry, is not
// given the older result.
func TestJoinedResultBelowTheFloor(t *testing.T) {
	t.Parallel()
	for name, old := range map[string]int64{"older version": 1, "did not exist": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, r, release := newEngine(), at(old), make(chan struct{})
				c := reader(t, e)
				early := readLater(t, c, r.held(release))
				synctest.Wait()
				r.version.Store(2)
				newer, _ := r.read()
				e.set(func(e *engine) { e.entries[product] = newer })
				want(t, c, r, 2)
				e.set(func(e *engine) { delete(e.entries, product) })
				var late []<-chan string
				for range 10 {
					late = append(late, readLater(t, c, func(ctx context.Context) (cache.Entry, error) {
						time.Sleep(time.Millisecond) // all of them come before the first has loaded
						return r.load(ctx)
					}))
				}
				synctest.Wait()
				close(release)
				<-early
				for _, result := range late {
					if got := <-result; got != "2" {
						t.Errorf("a late reader got %s", got)
					}
				}
				if n := r.loads.Load(); n != 2 {
					t.Errorf("loaded %d times, want once for the early and once for the late", n)
				}
			})
		})
	}
}
