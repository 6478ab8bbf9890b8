package dispatch_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/dispatch"
)

// TestABacklogHidesNoUser: where more is due than a step looks at, each step looks
// at the next users' first images too, so that all of them are seen within a few.
func TestABacklogHidesNoUser(t *testing.T) {
	t.Parallel()
	simulate(t, 16, 1, func(s *sim) {
		const others = 70
		synctest.Wait()                   // no step is taken before all is there
		steps, seen := 0, map[int64]int{} // the step that saw the first image of each user
		s.fakeStore.mu.Lock()
		s.fakeStore.seen = func(w dispatch.Window) {
			steps++
			for _, r := range w.Due {
				if seen[r.UserID] == 0 {
					seen[r.UserID] = steps
				}
			}
		}
		s.fakeStore.mu.Unlock()
		for i := range 3500 {
			s.create(1, "shop", 0)
			if i%50 == 25 {
				s.create(int64(1000+i/50), fmt.Sprintf("unseen-%d", i/50), 0)
			}
		}
		s.notify()
		time.Sleep(time.Second)
		s.fakeStore.mu.Lock()
		defer s.fakeStore.mu.Unlock()
		s.fakeStore.seen = nil
		for user := range int64(others) {
			if n := seen[1000+user]; n == 0 || n > 2+others/dispatch.UsersAtOnce+1 {
				t.Errorf("an image of user %d was seen by step %d", 1000+user, n)
			}
		}
	})
}
