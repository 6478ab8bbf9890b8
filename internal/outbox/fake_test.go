package outbox_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/outbox"
)

// fakeStore is an outbox in memory that keeps the rules of outbox.Store and
// notes what would be a loss.
type fakeStore struct {
	mu        sync.Mutex
	rows      map[int64]*row
	lastID    int64
	delivered map[int64]bool // set by the deliveries of a test
	lost      []int64        // deleted before delivered
	down      bool
	calls     calls
	wake      chan struct{}
}

type row struct {
	outbox.Message

	due, leased time.Time
}

// calls counts the calls of each method, also the failed ones.
type calls struct{ lease, renew, remove, release int }

var errDown = errors.New("connection refused")

func newFakeStore() *fakeStore {
	return &fakeStore{rows: map[int64]*row{}, delivered: map[int64]bool{}, wake: make(chan struct{}, 1)}
}

// add commits n messages of the topic, due after delay, and returns their ids.
func (s *fakeStore) add(topic string, n int, delay time.Duration) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int64, 0, n)
	for range n {
		s.lastID++
		s.rows[s.lastID] = &row{Message: outbox.Message{ID: s.lastID, Topic: topic}, due: time.Now().Add(delay)}
		ids = append(ids, s.lastID)
	}
	return ids
}

func (s *fakeStore) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *fakeStore) markDelivered(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delivered[id] = true
}

// left returns how many messages there are.
func (s *fakeStore) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows)
}

// leasedNow returns how many messages are leased.
func (s *fakeStore) leasedNow() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.rows {
		if r.leased.After(time.Now()) {
			n++
		}
	}
	return n
}

func (s *fakeStore) lostIDs() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lost)
}

func (s *fakeStore) counted() calls {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// enter begins a call: it counts, and fails while the store is down.
func (s *fakeStore) enter(ctx context.Context, count *int) error {
	s.mu.Lock()
	*count++
	if s.down {
		return fault.Wrap(fault.Unavailable, "no database", errDown)
	}
	return ctx.Err()
}

func (s *fakeStore) LeaseMessages(ctx context.Context, topic string, limit int, lease time.Duration) ([]outbox.Message, error) {
	err := s.enter(ctx, &s.calls.lease)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var due []*row
	for _, r := range s.rows {
		if r.Topic == topic && !r.due.After(now) && !r.leased.After(now) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b *row) int { return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.ID, b.ID)) })
	due = due[:min(limit, len(due))]
	messages := make([]outbox.Message, len(due))
	for i, r := range due {
		r.leased = now.Add(lease)
		messages[i] = r.Message
	}
	return messages, nil
}

func (s *fakeStore) RenewMessages(ctx context.Context, ids []int64, lease time.Duration) error {
	err := s.enter(ctx, &s.calls.renew)
	defer s.mu.Unlock()
	for _, id := range ids {
		if r := s.rows[id]; err == nil && r != nil {
			r.leased = time.Now().Add(lease)
		}
	}
	return err
}

func (s *fakeStore) DeleteMessages(ctx context.Context, ids []int64) error {
	err := s.enter(ctx, &s.calls.remove)
	defer s.mu.Unlock()
	for _, id := range ids {
		if err != nil {
			break
		}
		if !s.delivered[id] {
			s.lost = append(s.lost, id)
		}
		delete(s.rows, id)
	}
	return err
}

func (s *fakeStore) ReleaseMessages(ctx context.Context, ids []int64, delay time.Duration) error {
	err := s.enter(ctx, &s.calls.release)
	defer s.mu.Unlock()
	for _, id := range ids {
		if r := s.rows[id]; err == nil && r != nil {
			r.leased, r.due = time.Time{}, time.Now().Add(delay)
		}
	}
	return err
}

func (s *fakeStore) Wake(context.Context) <-chan struct{} { return s.wake }
