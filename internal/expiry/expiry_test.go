package expiry_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/expiry"
	"vitrine.dev/internal/fault"
)

// expiring has so many keys to remove, and fails at first.
type expiring struct {
	mu          sync.Mutex
	keys, calls int
	failures    int
}

func (e *expiring) seen() (calls, left int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.calls, e.keys
}

func (e *expiring) ExpireKeys(_ context.Context, limit int) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	if e.failures > 0 {
		e.failures--
		return 0, fault.New(fault.Unavailable, "away")
	}
	n := min(limit, e.keys)
	e.keys -= n
	return n, nil
}

func TestExpirer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys := &expiring{keys: 2500, failures: 1}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- expiry.New("idempotency keys", keys.ExpireKeys, time.Minute, slog.New(slog.DiscardHandler)).Run(ctx)
		}()
		synctest.Wait()
		if calls, left := keys.seen(); calls != 1 || left != 2500 {
			t.Errorf("after a failure: %d calls, %d keys", calls, left)
		}
		<-time.After(time.Minute)
		synctest.Wait()
		if calls, left := keys.seen(); calls != 4 || left != 0 { // 1000, 1000, 500
			t.Errorf("after a minute: %d calls, %d keys", calls, left)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
