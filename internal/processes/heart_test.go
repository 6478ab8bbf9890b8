package processes_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/processes"
)

// fakeStore notes what it is told.
type fakeStore struct {
	processes.Store

	down     atomic.Bool
	mu       sync.Mutex
	beats    []processes.Process
	purges   []time.Time
	notPurge error // of each purge
	ended    []string
}

func (s *fakeStore) Heartbeat(ctx context.Context, p processes.Process) error {
	if s.down.Load() {
		return errors.New("down")
	}
	p.HeartbeatAt = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beats = append(s.beats, p)
	return ctx.Err()
}

func (s *fakeStore) PurgeProcesses(ctx context.Context, silent time.Duration, limit int) error {
	if silent <= processes.Gone || limit < 1 {
		return errors.New("it would remove the living")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purges = append(s.purges, time.Now())
	return cmp.Or(s.notPurge, ctx.Err())
}

// written are the heartbeats until now.
func (s *fakeStore) written() []processes.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.beats)
}

// purged is how often others were removed.
func (s *fakeStore) purged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.purges)
}

func (s *fakeStore) EndProcess(ctx context.Context, id string) error {
	s.ended = append(s.ended, id)
	return ctx.Err()
}

// fakeWork is what a process works on; inFlight counts how often it is asked.
type fakeWork struct {
	mu       sync.Mutex
	inFlight int
	fetched  []processes.Fetched
	due      chan struct{}
}

func (w *fakeWork) InFlight() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inFlight++
	return w.inFlight
}

func (w *fakeWork) Due() <-chan struct{} { return w.due }

func (w *fakeWork) WriteFetched(write func([]processes.Fetched) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return write(w.fetched)
}

// downloads has it report these.
func (w *fakeWork) downloads(list ...processes.Fetched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fetched = list
}

// worker is a process for tests.
func worker() processes.Process {
	return processes.Process{ID: processes.NewID(), Role: "worker", Slots: 64, Version: "v1.4.0"}
}

// use is what the process uses in tests.
func use() processes.Use {
	return processes.Use{Memory: 300 << 20, Renders: 2, PixelsUsed: 12_000_000, PixelBudget: 50_000_000}
}

// TestHeartbeatIsEarly: what is due is written at once, and while the store is
// unavailable it is not what decides when to try again.
func TestHeartbeatIsEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{}
		work := &fakeWork{due: make(chan struct{})}
		h := processes.NewHeart(store, worker(), work, use, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.Run(ctx) }()
		time.Sleep(processes.Interval / 2)
		synctest.Wait()
		work.downloads(processes.Fetched{Image: 1, Token: 2})
		work.due <- struct{}{}
		synctest.Wait()
		if n := len(store.written()); n != 2 || !slices.Equal(store.written()[1].Fetched, work.fetched) {
			t.Fatalf("heartbeats are %+v, want a second one with what is downloaded", store.written())
		}
		time.Sleep(processes.Interval)
		synctest.Wait()
		if n := len(store.written()); n != 3 {
			t.Errorf("%d heartbeats an interval later, want 3", n)
		}
		store.down.Store(true)
		work.due <- struct{}{}
		synctest.Wait()
		select {
		case work.due <- struct{}{}:
			t.Error("it tries again at once while the store is unavailable")
		case <-time.After(500 * time.Millisecond):
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestUseOncePerInterval: what the process uses is not read for each heartbeat that comes early.
func TestUseOncePerInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, work, asked := &fakeStore{}, &fakeWork{due: make(chan struct{})}, int64(0)
		h := processes.NewHeart(store, worker(), work, func() processes.Use {
			asked++
			return processes.Use{Memory: asked}
		}, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.Run(ctx) }()
		for range 30 {
			time.Sleep(processes.Interval / 10)
			work.due <- struct{}{}
		}
		synctest.Wait()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		beats := store.written()
		if last := beats[len(beats)-1]; len(beats) != 31 || asked != 4 || last.Memory != 4 {
			t.Errorf("it is read %d times for %d heartbeats in three intervals, the last with %+v", asked, len(beats), last.Use)
		}
	})
}

// TestHeartDrains: once the process takes nothing more, it has room for what it still
// downloads and for no more, and it is alive until that is done.
func TestHeartDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{}
		work := &fakeWork{inFlight: 5, due: make(chan struct{})} // 6, when it is asked
		h := processes.NewHeart(store, worker(), work, use, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.Run(ctx) }()
		synctest.Wait()
		work.downloads(processes.Fetched{Image: 1, Released: true}, processes.Fetched{Image: 2}, processes.Fetched{Image: 3, Released: true})
		h.Drain()
		h.Drain()
		synctest.Wait()
		if n := len(store.written()); n != 2 || store.written()[0].Slots != 64 || store.written()[0].Held != 6 || store.written()[1].Slots != 7-2 || store.written()[1].Held != 7-2 {
			t.Fatalf("heartbeats are %+v, want one at once, with the slots of what is not released", store.written())
		}
		if store.written()[0].Draining || !store.written()[1].Draining {
			t.Errorf("heartbeats are %+v; the second one is of a process that drains", store.written())
		}
		work.mu.Lock()
		work.inFlight = 0
		work.mu.Unlock()
		time.Sleep(processes.Interval)
		synctest.Wait()
		if n := len(store.written()); n != 3 || store.written()[2].Slots != 0 || len(store.ended) != 0 {
			t.Errorf("heartbeats are %+v, ended %v; want one with no slots", store.written(), store.ended)
		}
		stop()
		if err := <-ended; err != nil || len(store.ended) != 1 {
			t.Errorf("ended %v, error %v", store.ended, err)
		}
	})
}

// TestPurgeThatFails: a process that cannot remove others is alive as any is, and
// says what it could not do.
func TestPurgeThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{notPurge: errors.New("no right to delete")}
		work := &fakeWork{due: make(chan struct{})}
		var log strings.Builder
		h := processes.NewHeart(store, worker(), work, use, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.Run(ctx) }()
		time.Sleep(processes.Interval / 2)
		synctest.Wait()
		if n := len(store.written()); n != 1 {
			t.Errorf("%d heartbeats in half an interval, want 1", n)
		}
		select {
		case work.due <- struct{}{}:
		case <-time.After(processes.Interval / 4):
			t.Error("it does not heed what is due")
		}
		stop()
		if err := <-ended; err != nil || store.purged() != 1 {
			t.Errorf("%d purges, %v", store.purged(), err)
		}
		if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "processes that died were not removed") {
			t.Errorf("it says %s", said)
		}
	})
}

// TestHeart: a process is alive at once, between any two heartbeats, again soon
// after an outage, and gone at its stop.
func TestHeart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{}
		h := processes.NewHeart(store, worker(), &fakeWork{}, use, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.Run(ctx) }()
		synctest.Wait()
		started := time.Now()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := len(store.written()); n != 121 || !store.written()[0].HeartbeatAt.Equal(started) {
			t.Fatalf("%d heartbeats in ten minutes, the first after %v", n, store.written()[0].HeartbeatAt.Sub(started))
		}
		if n := store.purged(); n < 9 || n > 11 {
			t.Errorf("%d purges in ten minutes", n)
		}
		for i, b := range store.written() {
			if b.Version != "v1.4.0" || !b.StartedAt.Equal(started) || b.Use != use() || b.Draining {
				t.Fatalf("heartbeat %d is %+v", i, b)
			}
			if b.ID == "" || b.ID != store.written()[0].ID || b.Role != "worker" || b.Slots != 64 || b.InFlight != i+1 {
				t.Fatalf("heartbeat %d is %+v", i, b)
			}
		}
		store.down.Store(true)
		time.Sleep(time.Minute)
		store.down.Store(false)
		back := time.Now()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if last := store.written()[len(store.written())-1]; last.HeartbeatAt.Before(back) {
			t.Errorf("no heartbeat within 2 s of the end of an outage")
		}
		stop()
		if err := <-ended; err != nil || len(store.ended) != 1 || store.ended[0] != store.written()[0].ID {
			t.Errorf("ended %v, error %v", store.ended, err)
		}
	})
}
