package dispatch_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
)

// TestTurnsAtAHost: users take turns at a host that has room for one image, and
// every fourth that comes is one that was tried, as long as there are such.
func TestTurnsAtAHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const users, each, again = 3, 6, 1 // of each user, and how many of these were tried
		store := newFakeStore()
		store.hosts["x"] = dispatch.Host{AnsweredAt: 1}
		store.mu.Lock()
		for i := range int64(users * each) {
			r := &fakeRow{Row: dispatch.Row{ID: i + 1, UserID: i/each + 1, Host: "x", Tried: i%each < again}}
			store.rows[r.ID] = r
			store.move(r, media.Parked)
		}
		store.mu.Unlock()
		var came []fakeRow
		q := &fakeQueue{window: 4, publish: func(_ context.Context, j media.Job) error {
			if store.begin(j) {
				store.mu.Lock()
				came = append(came, *store.rows[j.ImageID])
				store.mu.Unlock()
				time.Sleep(100 * time.Millisecond)
				store.finish(j)
				store.notify()
			}
			return nil
		}}
		stop := run(t, store, q, func(c *dispatch.Config) { c.Limits.Host = 1 })
		for store.left() > 0 {
			time.Sleep(time.Second)
		}
		stop()
		var tried []int
		for n, r := range came {
			if r.Tried {
				tried = append(tried, n)
			}
			if want := int64(n%users + 1); r.UserID != want {
				t.Errorf("number %d was of user %d, want %d", n, r.UserID, want)
			}
		}
		if want := []int{3, 7, 11}; len(came) != users*each || !slices.Equal(tried, want) {
			t.Errorf("of %d those that were tried came as number %v, want %v", len(came), tried, want)
		}
	})
}
