package processes_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/processes"
)

// fakeStore notes what it is told.
type fakeStore struct {
	processes.Store

	down   atomic.Bool
	beats  []processes.Process
	purges []time.Time
	ended  []string
}

func (s *fakeStore) Heartbeat(ctx context.Context, p processes.Process) error {
	if s.down.Load() {
		return errors.New("down")
	}
	p.HeartbeatAt = time.Now()
	s.beats = append(s.beats, p)
	return ctx.Err()
}

func (s *fakeStore) PurgeProcesses(ctx context.Context, silent time.Duration, limit int) error {
	if silent <= processes.Gone || limit < 1 {
		return errors.New("it would remove the living")
	}
	s.purges = append(s.purges, time.Now())
	return ctx.Err()
}

func (s *fakeStore) EndProcess(ctx context.Context, id string) error {
	s.ended = append(s.ended, id)
	return ctx.Err()
}

// TestHeart: a process is alive at once, between any two heartbeats, again soon
// after an outage, and gone at its stop.
func TestHeart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{}
		inFlight := 0
		h := processes.NewHeart(store, "worker", 64, func() int { inFlight++; return inFlight }, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.Run(ctx) }()
		synctest.Wait()
		started := time.Now()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := len(store.beats); n != 121 || !store.beats[0].HeartbeatAt.Equal(started) {
			t.Fatalf("%d heartbeats in ten minutes, the first after %v", n, store.beats[0].HeartbeatAt.Sub(started))
		}
		if n := len(store.purges); n < 9 || n > 11 {
			t.Errorf("%d purges in ten minutes", n)
		}
		for i, b := range store.beats {
			if b.ID == "" || b.ID != store.beats[0].ID || b.Role != "worker" || b.Slots != 64 || b.InFlight != i+1 {
				t.Fatalf("heartbeat %d is %+v", i, b)
			}
		}
		store.down.Store(true)
		time.Sleep(time.Minute)
		store.down.Store(false)
		back := time.Now()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if last := store.beats[len(store.beats)-1]; last.HeartbeatAt.Before(back) {
			t.Errorf("no heartbeat within 2 s of the end of an outage")
		}
		stop()
		if err := <-ended; err != nil || len(store.ended) != 1 || store.ended[0] != store.beats[0].ID {
			t.Errorf("ended %v, error %v", store.ended, err)
		}
	})
}
