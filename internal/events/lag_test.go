package events_test

import (
	"context"
	"log/slog"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/events"
)

func wantLags(t *testing.T, h *events.Horizon, want map[string]time.Duration) {
	t.Helper()
	if got := h.Lags(); !maps.Equal(got, want) {
		t.Errorf("readers are behind by %v, want %v", got, want)
	}
}

// TestLagOfReader: it grows from the event that is not dealt with, also where the log cannot be read, and is
// none where another process reads.
func TestLagOfReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		h := horizonOf(log, j)
		deal := make(chan int)
		handle := func(ctx context.Context, page events.Page) (int, error) {
			select {
			case n := <-deal:
				return min(n, len(page.Events)), nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		log.add(2)
		after(time.Minute) // no one reads
		wantLags(t, h, map[string]time.Duration{})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		cfg := events.DefaultReaderConfig()
		cfg.Drain = time.Second
		go func() {
			defer close(ended)
			_ = events.NewReader(name, h, log, handle, cfg, slog.New(slog.DiscardHandler)).Run(ctx)
		}()
		after(30 * time.Second)
		wantLags(t, h, map[string]time.Duration{name: 90 * time.Second})
		log.add(1)
		deal <- 2 // the third is given in the next call
		after(10 * time.Second)
		wantLags(t, h, map[string]time.Duration{name: 10 * time.Second})
		deal <- 1
		after(time.Second)
		wantLags(t, h, map[string]time.Duration{name: 0})
		log.setDown(true)
		after(8 * time.Second)
		if lag := h.Lags()[name]; lag < 6*time.Second || lag > 8*time.Second {
			t.Errorf("8 s after the log became unavailable: %v", lag)
		}
		after(10 * time.Second) // the lease may be another's
		wantLags(t, h, map[string]time.Duration{})
		log.setDown(false)
		after(20 * time.Second)
		wantLags(t, h, map[string]time.Duration{name: 0})
		stop()
		<-ended
		synctest.Wait()
		wantLags(t, h, map[string]time.Duration{})
	})
}

// TestLagOfTail: what Next has returned is dealt with when it is called again.
func TestLagOfTail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		h := horizonOf(log, j)
		ctx, stop := context.WithCancel(t.Context())
		tail, err := h.NamedTail(ctx, "tail")
		if err != nil {
			t.Fatal(err)
		}
		wantLags(t, h, map[string]time.Duration{"tail": 0})
		log.add(1)
		after(5 * time.Second)
		if _, err := tail.Next(ctx); err != nil {
			t.Fatal(err)
		}
		after(5 * time.Second)
		wantLags(t, h, map[string]time.Duration{"tail": 10 * time.Second})
		held := log.draw()
		next := make(chan error)
		go func() { _, err := tail.Next(ctx); next <- err }()
		after(30 * time.Second)
		if lag := h.Lags()["tail"]; lag < 25*time.Second || lag > 30*time.Second {
			t.Errorf("a transaction has held the log for 30 s: %v", lag)
		}
		log.commit(held)
		if err := <-next; err != nil {
			t.Fatal(err)
		}
		stop()
		synctest.Wait()
		wantLags(t, h, map[string]time.Duration{})
	})
}
