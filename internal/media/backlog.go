package media

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// backlog bounds the images that are downloaded and not done. A user who has none
// there is always let in, so no user's backlog holds up another's download:
// there are at most that many and one for each download beyond them.
type backlog struct {
	most int

	mu      sync.Mutex
	users   map[int64]int
	total   int
	waiting []*entrant // in the order in which they came
}

type entrant struct {
	user    int64
	entered chan struct{} // closed when it is let in
}

// enter waits for room for an image of the user, and returns what gives it back.
func (b *backlog) enter(ctx context.Context, user int64) (leave func(), err error) {
	e := &entrant{user: user, entered: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, e)
	b.admit()
	b.mu.Unlock()
	leave = func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.total--
		if b.users[user]--; b.users[user] == 0 {
			delete(b.users, user)
		}
		b.admit()
	}
	select {
	case <-e.entered:
		return leave, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	i := slices.Index(b.waiting, e)
	if i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
	b.mu.Unlock()
	if i < 0 { // let in at the same moment
		leave()
	}
	return nil, fmt.Errorf("wait for room behind the downloads: %w", context.Cause(ctx))
}

// admit lets in whom there is room for.
func (b *backlog) admit() {
	if b.users == nil {
		b.users = map[int64]int{}
	}
	b.waiting = slices.DeleteFunc(b.waiting, func(e *entrant) bool {
		if b.total >= b.most && b.users[e.user] > 0 {
			return false
		}
		b.total++
		b.users[e.user]++
		close(e.entered)
		return true
	})
}
