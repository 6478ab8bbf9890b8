package catalog

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/cache"
)

var errNoCache = errors.New("no cache")

// counted is a ViewCache that counts bumps, or has them fail.
type counted struct {
	ViewCache

	mu      sync.Mutex
	bumps   map[string]int
	began   map[string]time.Time // when the last one of a group was
	failing bool
}

func (c *counted) fail(failing bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failing = failing
}

func (c *counted) Invalidate(context.Context, string, int64) error { return nil }

func (c *counted) Bump(_ context.Context, group string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failing {
		return errNoCache
	}
	c.bumps[group]++
	c.began[group] = time.Now()
	return nil
}

func (c *counted) BumpApart(ctx context.Context, group string, apart time.Duration) (time.Duration, error) {
	c.mu.Lock()
	wait := apart - time.Since(c.began[group])
	c.mu.Unlock()
	if wait > 0 {
		return wait, nil
	}
	return 0, c.Bump(ctx, group)
}

// watch runs the test with views over a cache that counts, in a bubble: what
// happens at one moment of its clock has happened when want looks.
func watch(t *testing.T, test func(c *counted, change func(user int64, edit bool), want func(user1, user2 int, what string), v *Views)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &counted{bumps: map[string]int{}, began: map[string]time.Time{}}
		v := NewViews(c, FixedEpoch("e"), slog.New(slog.DiscardHandler))
		test(c, func(user int64, edit bool) {
			v.Announce(t.Context(), Changed{ProductID: 1, UserID: user, Revision: 1, Edit: edit})
		}, func(user1, user2 int, what string) {
			t.Helper()
			synctest.Wait()
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.bumps["lists:e:1"] != user1 || c.bumps["lists:e:2"] != user2 {
				t.Errorf("%s: bumps %v, want %d and %d", what, c.bumps, user1, user2)
			}
		}, v)
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
}

func wantForgotten(t *testing.T, v *Views) {
	t.Helper()
	v.bumps.mu.Lock()
	defer v.bumps.mu.Unlock()
	if n := len(v.bumps.recent); n != 0 {
		t.Errorf("%d users are remembered", n)
	}
}

// TestProgressBumpsOnceASecond: lists are at most a second old, and are made
// again at most once a second, however many images progress.
func TestProgressBumpsOnceASecond(t *testing.T) {
	t.Parallel()
	watch(t, func(_ *counted, change func(int64, bool), want func(int, int, string), v *Views) {
		change(1, false)
		want(1, 0, "the first at once")
		for range 9 {
			change(1, false)
			time.Sleep(100 * time.Millisecond)
		}
		want(1, 0, "the others later")
		change(2, false)
		want(1, 1, "another user's at once")
		time.Sleep(100 * time.Millisecond)
		want(2, 1, "within a second all are shown")
		time.Sleep(10 * time.Second)
		want(2, 1, "nothing more to show")
		wantForgotten(t, v)
		change(1, false)
		want(3, 1, "after a pause at once")
		for range 100 { // for ten seconds
			change(1, false)
			time.Sleep(100 * time.Millisecond)
		}
		want(13, 1, "once a second")
	})
}

// TestEditsBumpAtOnce, whatever progress there is; and what they have bumped is
// not bumped again.
func TestEditsBumpAtOnce(t *testing.T) {
	t.Parallel()
	watch(t, func(_ *counted, change func(int64, bool), want func(int, int, string), _ *Views) {
		for n := range 5 {
			change(1, true)
			want(n+1, 0, "an edit")
		}
		change(1, false)
		want(5, 0, "progress right after edits")
		change(1, false)
		change(1, true)
		want(6, 0, "an edit after progress")
		time.Sleep(time.Minute)
		want(6, 0, "the edit has shown the progress too")
		change(1, true)
		change(1, false)
		time.Sleep(time.Second)
		want(8, 0, "progress after an edit, within a second")
	})
}

// TestProgressWithoutCache: what could not be bumped is bumped when it can be,
// unless no list can be so old any more.
func TestProgressWithoutCache(t *testing.T) {
	t.Parallel()
	watch(t, func(c *counted, change func(int64, bool), want func(int, int, string), v *Views) {
		change(1, false)
		change(1, false)
		c.fail(true)
		change(1, true)
		time.Sleep(time.Minute)
		want(1, 0, "while the cache is unavailable")
		c.fail(false)
		time.Sleep(time.Second)
		want(2, 0, "when it is back")
		change(1, false)
		c.fail(true)
		change(1, false)
		time.Sleep(2*cache.FenceLife + time.Minute)
		c.fail(false)
		wantForgotten(t, v)
	})
}

// TestProgressAtTheEnd: what is due is bumped before the process ends.
func TestProgressAtTheEnd(t *testing.T) {
	t.Parallel()
	watch(t, func(_ *counted, change func(int64, bool), want func(int, int, string), v *Views) {
		change(1, false)
		change(1, false)
		change(2, false)
		want(1, 1, "before")
		if err := v.Close(); err != nil {
			t.Error(err)
		}
		want(2, 1, "at the end")
		change(1, false)
		change(1, false)
		want(4, 1, "after the end")
		time.Sleep(time.Minute)
		want(4, 1, "later")
	})
}

// TestProcessesBumpTogether: however many processes see progress of a user's images, the lists
// are made again once a second, within a second of each progress, and of the last one, too.
func TestProcessesBumpTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &counted{bumps: map[string]int{}, began: map[string]time.Time{}}
		var processes []*Views
		for range 20 {
			processes = append(processes, NewViews(c, FixedEpoch("e"), slog.New(slog.DiscardHandler)))
		}
		var progressed time.Time // the oldest that no bump has shown
		const group = "lists:e:1"
		seen := 0
		look := func() {
			t.Helper()
			synctest.Wait()
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.bumps[group] != seen {
				seen, progressed = c.bumps[group], time.Time{}
			}
			if !progressed.IsZero() && time.Since(progressed) > progressInterval {
				t.Fatalf("progress is not shown after %s, %d bumps", time.Since(progressed), seen)
			}
		}
		began := time.Now()
		for n := range 1000 { // for 20 seconds
			processes[n*7%20].Announce(t.Context(), Changed{ProductID: 1, UserID: 1, Revision: 1})
			look()
			if progressed.IsZero() {
				progressed = time.Now()
			}
			time.Sleep(20 * time.Millisecond)
			look()
		}
		if most := int(time.Since(began)/progressInterval) + 1; seen > most || seen < most/2 {
			t.Errorf("%d bumps in %s", seen, time.Since(began))
		}
		for range 200 {
			time.Sleep(10 * time.Millisecond)
			look()
		}
		time.Sleep(10 * time.Second)
		for _, v := range processes {
			wantForgotten(t, v)
			if err := v.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
