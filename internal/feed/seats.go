package feed

import (
	"sync"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/progress"
)

const (
	// MaxStreams is how many streams a process has open at once.
	MaxStreams = 1000
	// MaxStreamsOfUser is how many of them are opened with keys of one user.
	MaxStreamsOfUser = 100
)

var (
	// ErrTooManyStreams is the answer where MaxStreams are open.
	ErrTooManyStreams = fault.New(fault.Unavailable, "too many streams are open here; try again")
	// ErrTooManyOfUser is the answer where MaxStreamsOfUser of the user are open.
	ErrTooManyOfUser = fault.New(fault.Conflict, "too many streams of this user are open")
)

// seats counts who waits. It is safe for concurrent use.
type seats struct {
	mu      sync.Mutex
	waits   int
	streams int
	ofUser  map[int64]int
}

// takeWait lets one more page be waited for, until leave is called; ok is false where too many are.
func (s *seats) takeWait() (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits >= progress.MostWaiting {
		return nil, false
	}
	s.waits++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waits--
	}, true
}

// takeStream lets one more stream be open, until leave is called. Whose key has opened it counts,
// not for whom an admin acts; without authentication there is no such user.
func (s *seats) takeStream(by auth.Principal) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.streams >= MaxStreams:
		return nil, ErrTooManyStreams
	case by.Caller != 0 && s.ofUser[by.Caller] >= MaxStreamsOfUser:
		return nil, ErrTooManyOfUser
	}
	s.streams++
	s.ofUser[by.Caller]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.streams--
		if s.ofUser[by.Caller]--; s.ofUser[by.Caller] == 0 {
			delete(s.ofUser, by.Caller)
		}
	}, nil
}
