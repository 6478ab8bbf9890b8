package work

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRecent: what many look at is read once in a second for each key; what could not be read is not kept, and who leaves
// takes it from no one.
func TestRecent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		var broken error
		var shared recent[int]
		read := func(ctx context.Context) (int, error) {
			time.Sleep(10 * time.Millisecond)
			reads++
			return reads, errors.Join(broken, ctx.Err())
		}
		get := func(key string, want int) {
			t.Helper()
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					gone, leave := context.WithCancel(t.Context())
					leave()
					if got, err := shared.get(gone, key, read); err != nil || got != want {
						t.Errorf("%q is %d, %v; want %d", key, got, err, want)
					}
				})
			}
			all.Wait()
		}
		get("", 1)
		get("6h", 2)
		get("", 1)
		time.Sleep(recentLife)
		get("", 3)
		time.Sleep(recentLife)
		broken = errors.New("the database cannot be reached")
		if _, err := shared.get(t.Context(), "", read); !errors.Is(err, broken) {
			t.Errorf("what cannot be read is %v", err)
		}
		broken = nil
		get("", 5)
	})
}
