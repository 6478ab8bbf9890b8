package media

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// room bounds what is there of all users at once: images that are downloaded and not
// done, or bytes of sources in memory. A user who has something there gets more up to
// some, one who has nothing up to all, so that no user's images hold up another's. What
// is larger gets in once nothing else is there. It is given in the order in which they
// came; only, users who have nothing pass those who have something. Who has nothing and
// waits is passed by no one, and so waits no longer than for what was before it.
type room struct {
	some, all int64

	mu      sync.Mutex
	used    int64
	users   map[int64]int // how many each has there
	waiting []*claimant   // in the order in which they came
}

type claimant struct {
	user  int64
	n     int64
	given chan struct{} // closed when it is in
}

// take waits for room for n of the user's, and returns what gives it back. The clock of
// the attempt is paused meanwhile.
func (r *room) take(ctx context.Context, user, n int64) (giveBack func(), err error) {
	defer PauseClock(ctx)()
	c := &claimant{user: user, n: n, given: make(chan struct{})}
	r.mu.Lock()
	r.waiting = append(r.waiting, c)
	r.give()
	r.mu.Unlock()
	giveBack = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.used -= n
		if r.users[user]--; r.users[user] == 0 {
			delete(r.users, user)
		}
		r.give()
	}
	select {
	case <-c.given:
		return giveBack, nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	i := slices.Index(r.waiting, c)
	if i >= 0 {
		r.waiting = slices.Delete(r.waiting, i, i+1)
		r.give() // it may have been what others waited for
	}
	r.mu.Unlock()
	if i < 0 { // given at the same moment
		giveBack()
	}
	return nil, fmt.Errorf("wait for room: %w", context.Cause(ctx))
}

// give lets in all that there is room for.
func (r *room) give() {
	if r.users == nil {
		r.users = map[int64]int{}
	}
	var somes, nones bool // wait before, whose user has something, or nothing
	r.waiting = slices.DeleteFunc(r.waiting, func(c *claimant) bool {
		bound, waits := r.all, &nones
		if r.users[c.user] > 0 {
			bound, waits = r.some, &somes
		}
		if nones || *waits || r.used > 0 && r.used+c.n > bound {
			*waits = true
			return false
		}
		r.used += c.n
		r.users[c.user]++
		close(c.given)
		return true
	})
}
