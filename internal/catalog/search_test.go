package catalog_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/fault"
)

// slowStore answers lists once it is told to, and stops at a position.
type slowStore struct {
	*catalogfake.Store

	mu      sync.Mutex
	running map[int64]int
	answer  chan struct{}
}

func (s *slowStore) ListProducts(_ context.Context, f catalog.Filter) ([]catalog.Summary, find.Position, error) {
	s.mu.Lock()
	s.running[f.UserID]++
	s.mu.Unlock()
	<-s.answer
	s.mu.Lock()
	s.running[f.UserID]--
	s.mu.Unlock()
	return []catalog.Summary{}, find.Position{ID: 7}, nil
}

// TestOneSearch: of a user's searches by name one runs at a time, and the next waits five seconds for it;
// other lists, and other users' searches, run beside it. A page on which nothing was found may have a next one.
func TestOneSearch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{Store: catalogfake.NewStore(), running: map[int64]int{}, answer: make(chan struct{})}
		service := catalog.NewService(store, nil, catalog.DefaultKeyTTL)
		answers := make(chan error, 5)
		list := func(ctx context.Context, f catalog.Filter) {
			go func() {
				page, err := service.List(ctx, f)
				if err == nil && page.Next.ID != 7 {
					t.Errorf("the next page of one that stopped is %+v", page.Next)
				}
				answers <- err
			}()
			synctest.Wait()
		}
		running := func(first, second int64) {
			t.Helper()
			store.mu.Lock()
			defer store.mu.Unlock()
			if int64(store.running[1]) != first || int64(store.running[2]) != second {
				t.Fatalf("running are %v, want %d and %d", store.running, first, second)
			}
		}
		list(t.Context(), catalog.Filter{UserID: 1, Query: "lamp"})
		list(t.Context(), catalog.Filter{UserID: 1, Name: "lamp"})
		list(t.Context(), catalog.Filter{UserID: 2, Name: "lamp"})
		running(1, 1)
		list(t.Context(), catalog.Filter{UserID: 1})
		running(2, 1)
		if err := <-answers; fault.KindOf(err) != fault.Unavailable { // once the clock has gone on five seconds
			t.Errorf("who has waited in vain gets %v", err)
		}
		if _, err := service.Count(t.Context(), catalog.Filter{UserID: 1, Query: "lamp"}, false); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("a count beside a search gets %v", err)
		}
		gone, leave := context.WithCancel(t.Context())
		list(gone, catalog.Filter{UserID: 1, Query: "lamp"})
		leave()
		if err := <-answers; err == nil {
			t.Error("a client that has left searches")
		}
		list(t.Context(), catalog.Filter{UserID: 1, Query: "chair"})
		running(2, 1)
		for range 4 { // the next one begins as the first ends
			store.answer <- struct{}{}
			synctest.Wait()
		}
		for range 4 {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		running(0, 0)
	})
}
