package media

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// backlog bounds the images that are downloaded and not done. Who waits keeps its
// download slot, so that nothing more is dispatched for it. A user who has none there
// is let in beyond most, so no user's backlog holds up another's download, as long as
// there are not so many users that all are reached.
type backlog struct {
	most, all int

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
		if b.total >= b.all || b.total >= b.most && b.users[e.user] > 0 {
			return false
		}
		b.total++
		b.users[e.user]++
		close(e.entered)
		return true
	})
}

// memory bounds the bytes of sources that are in memory to be rendered. Half of it
// is kept for users who have none there. One that is larger than what there is for
// it is let in once nothing else is there.
type memory struct {
	bytes int64

	mu      sync.Mutex
	used    int64
	users   map[int64]int
	waiting []*claimant // in the order in which they came
}

type claimant struct {
	user  int64
	bytes int64
	given chan struct{} // closed when it has them
}

// take waits for room for a source of the user, and returns what gives it back.
func (m *memory) take(ctx context.Context, user, bytes int64) (giveBack func(), err error) {
	c := &claimant{user: user, bytes: bytes, given: make(chan struct{})}
	m.mu.Lock()
	m.waiting = append(m.waiting, c)
	m.give()
	m.mu.Unlock()
	giveBack = func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.used -= bytes
		if m.users[user]--; m.users[user] == 0 {
			delete(m.users, user)
		}
		m.give()
	}
	select {
	case <-c.given:
		return giveBack, nil
	case <-ctx.Done():
	}
	m.mu.Lock()
	i := slices.Index(m.waiting, c)
	if i >= 0 {
		m.waiting = slices.Delete(m.waiting, i, i+1)
		m.give()
	}
	m.mu.Unlock()
	if i < 0 { // given at the same moment
		giveBack()
	}
	return nil, fmt.Errorf("wait for memory: %w", context.Cause(ctx))
}

// give gives in the order of coming, but that who waits for the half which is
// not kept holds up no user who has none.
func (m *memory) give() {
	if m.users == nil {
		m.users = map[int64]int{}
	}
	held := map[bool]bool{} // whether one before waits, by whether its user has some
	m.waiting = slices.DeleteFunc(m.waiting, func(c *claimant) bool {
		some := m.users[c.user] > 0
		bound := m.bytes
		if some {
			bound /= 2
		}
		if held[some] || m.used > 0 && m.used+c.bytes > bound {
			held[some] = true
			return false
		}
		m.used += c.bytes
		m.users[c.user]++
		close(c.given)
		return true
	})
}
