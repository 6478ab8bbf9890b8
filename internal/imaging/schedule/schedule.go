package schedule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Config is what there is to be given.
type Config struct {
	Renders int   // pictures in work at the same time, beside the express one
	Budget  int64 // pixels that all of them may hold; the express one not counted
	Express int64 // pixels that the express one may hold
	Passed  int   // how many pictures may pass one that waits for memory
}

// Picture is a picture that is to be rendered.
type Picture struct {
	UserID int64
	Pixels int64 // that it holds at once; 0: not known yet
	Quick  bool  // it takes less than a second, as far as can be seen
}

// Schedule gives slots to pictures. Users with fewer slots come first, and of one
// user the picture that came first. A picture whose pixels there is no room for
// is passed by others that fit, at most Passed times: then all wait for it. One
// more slot, the express one, is for quick pictures of users who hold no slot. It is
// safe for concurrent use.
type Schedule struct {
	cfg    Config
	closed chan struct{}

	mu      sync.Mutex
	free    int   // slots
	pixels  int64 // of the budget that are free
	express bool  // its slot is free
	held    map[int64]int
	tickets int64
	waiting []*waiter
}

type waiter struct {
	Picture

	ticket int64 // the lower, the earlier it came
	passed int
	given  chan *Slot // of capacity 1
}

// Slot is the right to render one picture.
type Slot struct {
	Express bool

	of       *Schedule
	user     int64
	ticket   int64
	reserved int64
}

// New returns a Schedule in which all slots are free.
func New(cfg Config) *Schedule {
	return &Schedule{
		cfg: cfg, closed: make(chan struct{}), free: cfg.Renders, pixels: cfg.Budget, express: true, held: map[int64]int{},
	}
}

// ErrClosed is why nothing is given any more.
var ErrClosed = errors.New("the renderer was closed")

// Close has all who wait, and all who come, return ErrClosed. It is called once.
func (s *Schedule) Close() { close(s.closed) }

// Enter waits for a slot. Its error is that of ctx, or ErrClosed.
func (s *Schedule) Enter(ctx context.Context, p Picture) (*Slot, error) {
	s.mu.Lock()
	s.tickets++
	ticket := s.tickets
	s.mu.Unlock()
	return s.enter(ctx, p, ticket)
}

func (s *Schedule) enter(ctx context.Context, p Picture, ticket int64) (*Slot, error) {
	w := &waiter{Picture: p, ticket: ticket, given: make(chan *Slot, 1)}
	s.mu.Lock()
	s.waiting = append(s.waiting, w)
	s.give()
	s.mu.Unlock()
	var err error
	select {
	case slot := <-w.given:
		return slot, nil
	case <-ctx.Done():
		err = fmt.Errorf("wait for a free renderer: %w", context.Cause(ctx))
	case <-s.closed:
		err = ErrClosed
	}
	s.mu.Lock()
	s.waiting = slices.DeleteFunc(s.waiting, func(other *waiter) bool { return other == w })
	s.give() // it may have been what others waited for
	s.mu.Unlock()
	select {
	case slot := <-w.given: // at the same moment
		slot.Leave()
	default:
	}
	return nil, err
}

// Reserve takes so many pixels for the picture, and reports whether there is room
// for them. Where not, the picture has to wait Again, without a slot.
func (l *Slot) Reserve(pixels int64) bool {
	s := l.of
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.Express {
		return pixels <= s.cfg.Express
	}
	more := min(pixels, s.cfg.Budget) - l.reserved
	if more <= 0 {
		return true
	}
	before := s.starved(s.held[l.user]-1, l.ticket)
	if more > s.pixels || slices.ContainsFunc(before, func(w *waiter) bool { return w.passed >= s.cfg.Passed }) {
		return false
	}
	pass(before)
	s.pixels -= more
	l.reserved += more
	return true
}

// Held returns how many slots are held.
func (s *Schedule) Held() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, held := range s.held {
		n += held
	}
	return n
}

// Pixels returns how many of the budget's pixels are taken.
func (s *Schedule) Pixels() (used, budget int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.Budget - s.pixels, s.cfg.Budget
}

// Again leaves, and enters again at the same place with what is known by now.
func (l *Slot) Again(ctx context.Context, p Picture) (*Slot, error) {
	l.Leave()
	return l.of.enter(ctx, p, l.ticket)
}

// Leave gives the slot back, and all that was reserved with it. It is called once.
func (l *Slot) Leave() {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.leave()
}

func (l *Slot) leave() {
	s := l.of
	if s.held[l.user]--; s.held[l.user] == 0 {
		delete(s.held, l.user)
	}
	if l.Express {
		s.express = true
	} else {
		s.free++
	}
	s.pixels += l.reserved
	s.give()
}

// give gives all that can be given.
func (s *Schedule) give() {
	for s.giveOne() {
	}
}

func (s *Schedule) giveOne() bool {
	slices.SortFunc(s.waiting, func(a, b *waiter) int {
		return cmp.Or(cmp.Compare(s.held[a.UserID], s.held[b.UserID]), cmp.Compare(a.ticket, b.ticket))
	})
	for _, w := range s.waiting {
		if s.free == 0 {
			break
		}
		if need := s.need(w); need <= s.pixels {
			if need > 0 { // else it passes them when it reserves
				pass(s.starved(s.held[w.UserID], w.ticket))
			}
			s.free--
			s.pixels -= need
			s.grant(w, &Slot{reserved: need})
			return true
		}
		if w.passed >= s.cfg.Passed {
			break
		}
	}
	for _, w := range s.waiting {
		if s.express && w.Quick && s.held[w.UserID] == 0 && w.Pixels <= s.cfg.Express {
			s.express = false
			s.grant(w, &Slot{Express: true})
			return true
		}
	}
	return false
}

// need is what the picture takes of the budget: one above all of it is rendered alone.
func (s *Schedule) need(w *waiter) int64 { return min(w.Pixels, s.cfg.Budget) }

// starved returns those whose turn is before that of a user with so many slots and a
// picture with that ticket, and whose pixels there is no room for.
func (s *Schedule) starved(held int, ticket int64) (list []*waiter) {
	for _, w := range s.waiting {
		sooner := cmp.Or(cmp.Compare(s.held[w.UserID], held), cmp.Compare(w.ticket, ticket)) < 0
		if sooner && s.need(w) > s.pixels {
			list = append(list, w)
		}
	}
	return list
}

func pass(list []*waiter) {
	for _, w := range list {
		w.passed++
	}
}

func (s *Schedule) grant(w *waiter, slot *Slot) {
	slot.of, slot.user, slot.ticket = s, w.UserID, w.ticket
	s.held[w.UserID]++
	s.waiting = slices.DeleteFunc(s.waiting, func(other *waiter) bool { return other == w })
	w.given <- slot
}
