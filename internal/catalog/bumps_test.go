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
	return nil
}

// watch runs the test with views over a cache that counts, in a bubble: what
// happens at one moment of its clock has happened when want looks.
func watch(t *testing.T, test func(c *counted, change func(user int64, edit bool), want func(user1, user2 int, what string), v *Views)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &counted{bumps: map[string]int{}}
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
		want(6, 0, "progress after edits")
		change(1, false)
		change(1, true)
		want(7, 0, "an edit after progress")
		time.Sleep(time.Minute)
		want(7, 0, "the edit has shown the progress too")
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
