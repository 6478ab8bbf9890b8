// Package seats bounds what is in use at the same time: in all, and of it what one user has.
package seats

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Why there are no seats.
var (
	ErrFull       = errors.New("all seats are taken")
	ErrFullOfUser = errors.New("the user has as many seats as one may have")
)

// Seats is safe for concurrent use.
type Seats struct {
	most, mostOfUser int64
	all              *semaphore.Weighted

	mu    sync.Mutex
	users map[int64]*user // who has seats, or waits for some
}

type user struct {
	own  *semaphore.Weighted
	uses int // Taken, and who waits
}

// Taken are seats of a user. The zero value is none. It is for one goroutine.
type Taken struct {
	of   *Seats
	user int64
	n    int64
}

// New returns so many seats, of which one user has at most mostOfUser.
func New(most, mostOfUser int64) *Seats {
	return &Seats{most: most, mostOfUser: mostOfUser, all: semaphore.NewWeighted(most), users: map[int64]*user{}}
}

// TakeWithin waits for n seats for the user, at most d, in the order of the calls: for all that there
// are where n is more. User 0 is everyone, who may have all. ErrFull, ErrFullOfUser; where ctx is
// done before, its cause.
func (s *Seats) TakeWithin(ctx context.Context, d time.Duration, user, n int64) (Taken, error) {
	if taken, err := s.TryTake(user, n); err == nil {
		return taken, nil
	}
	waiting, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	taken, err := s.take(user, n, func(of *semaphore.Weighted, n int64) bool { return of.Acquire(waiting, n) == nil })
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return taken, err
}

// TryTake is TakeWithin that does not wait.
func (s *Seats) TryTake(user, n int64) (Taken, error) {
	return s.take(user, n, (*semaphore.Weighted).TryAcquire)
}

func (s *Seats) take(user, n int64, acquire func(of *semaphore.Weighted, n int64) bool) (Taken, error) {
	if n == 0 {
		return Taken{}, nil
	}
	own := s.enter(user)
	if !acquire(own, min(n, s.mostOf(user))) {
		s.leave(user)
		return Taken{}, ErrFullOfUser
	}
	if !acquire(s.all, min(n, s.most)) {
		own.Release(min(n, s.mostOf(user)))
		s.leave(user)
		return Taken{}, ErrFull
	}
	return Taken{s, user, n}, nil
}

func (s *Seats) mostOf(user int64) int64 {
	if user == 0 {
		return s.most
	}
	return s.mostOfUser
}

func (s *Seats) enter(id int64) *semaphore.Weighted {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[id] == nil {
		s.users[id] = &user{own: semaphore.NewWeighted(s.mostOf(id))}
	}
	s.users[id].uses++
	return s.users[id].own
}

func (s *Seats) leave(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[id].uses--; s.users[id].uses == 0 {
		delete(s.users, id)
	}
}

// Shrink gives back all but n.
func (t *Taken) Shrink(n int64) {
	if n >= t.n {
		return
	}
	s, most := t.of, t.of.mostOf(t.user)
	s.mu.Lock()
	own := s.users[t.user].own
	s.mu.Unlock()
	own.Release(min(t.n, most) - min(n, most))
	s.all.Release(min(t.n, s.most) - min(n, s.most))
	if t.n = n; n == 0 {
		s.leave(t.user)
	}
}

// Free gives back the rest.
func (t *Taken) Free() { t.Shrink(0) }
