package outbox_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/outbox"
)

const topic = "work"

// fixture is a relay on a fake store, within a bubble of fake time.
type fixture struct {
	store *fakeStore
	relay *outbox.Relay
	stop  context.CancelFunc
	ended chan struct{}
}

// run starts a relay; deliver's successes are noted as deliveries.
func run(t *testing.T, store *fakeStore, window int, cfg outbox.RelayConfig, deliver func(context.Context, int64) error) *fixture {
	t.Helper()
	route := outbox.Route{Topic: topic, Window: window, Deliver: func(ctx context.Context, m outbox.Message) error {
		err := deliver(ctx, m.ID)
		if err == nil {
			store.markDelivered(m.ID)
		}
		return err
	}}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	ctx, cancel := context.WithCancel(t.Context())
	f := &fixture{
		store: store, relay: outbox.NewRelay(store, []outbox.Route{route}, cfg, log),
		stop: cancel, ended: make(chan struct{}),
	}
	go func() {
		defer close(f.ended)
		if err := f.relay.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	return f
}

// finish stops the relay and checks that nothing was lost.
func (f *fixture) finish(t *testing.T) {
	t.Helper()
	f.stop()
	<-f.ended
	if lost := f.store.lostIDs(); len(lost) > 0 {
		t.Errorf("deleted before delivered: %v", lost)
	}
}

// journal notes deliveries.
type journal struct {
	mu    sync.Mutex
	order []int64
	at    map[int64][]time.Duration // since the start
	start time.Time
}

func newJournal() *journal { return &journal{at: map[int64][]time.Duration{}, start: time.Now()} }

func (j *journal) note(id int64) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.order = append(j.order, id)
	j.at[id] = append(j.at[id], time.Since(j.start))
	return len(j.at[id])
}

func (j *journal) times(id int64) []time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.at[id])
}

func (j *journal) total() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.order)
}

func TestDeliversInOrderAndDeletes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, j := newFakeStore(), newJournal()
		later := store.add(topic, 3, -time.Minute)
		first := store.add(topic, 2, -time.Hour)
		store.add("other topic", 1, 0)
		f := run(t, store, 1, outbox.RelayConfig{}, func(_ context.Context, id int64) error {
			j.note(id)
			return nil
		})
		synctest.Wait()
		if want := slices.Concat(first, later); !slices.Equal(j.order, want) {
			t.Errorf("order %v, want %v", j.order, want)
		}
		if n := store.left(); n != 1 {
			t.Errorf("%d messages left, want the one of the other topic", n)
		}
		f.finish(t)
	})
}

func TestWokenByNudgeStoreAndPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, j := newFakeStore(), newJournal()
		f := run(t, store, 4, outbox.RelayConfig{Poll: time.Minute}, func(_ context.Context, id int64) error {
			j.note(id)
			return nil
		})
		expect := func(how string, id int64, at time.Duration) {
			t.Helper()
			synctest.Wait()
			if got := j.times(id); !slices.Equal(got, []time.Duration{at}) {
				t.Errorf("%s: delivered at %v, want %v", how, got, at)
			}
		}
		synctest.Wait()
		id := store.add(topic, 1, 0)[0]
		for range 100 { // never blocks
			f.relay.Nudge()
		}
		expect("nudge", id, 0)

		id = store.add(topic, 1, 0)[0]
		store.wake <- struct{}{}
		expect("hint of the store", id, 0)

		close(store.wake) // no hints any more, and no spinning on it
		id = store.add(topic, 1, 0)[0]
		<-time.After(time.Minute)
		expect("poll", id, time.Minute)

		id = store.add(topic, 1, 90*time.Second)[0]
		<-time.After(2 * time.Minute)
		expect("due later", id, 3*time.Minute)
		if n := store.counted().lease; n > 12 {
			t.Errorf("%d leases for 4 messages and 3 polls", n)
		}
		f.finish(t)
	})
}

func TestWindowIsKeptAndFilled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.add(topic, 500, 0)
		var mu sync.Mutex
		active, most := 0, 0
		f := run(t, store, 40, outbox.RelayConfig{Batch: 16}, func(_ context.Context, id int64) error {
			mu.Lock()
			active++
			most = max(most, active)
			mu.Unlock()
			<-time.After(time.Duration(1+id%7) * time.Millisecond)
			mu.Lock()
			active--
			mu.Unlock()
			return nil
		})
		<-time.After(10 * time.Second)
		synctest.Wait()
		if store.left() != 0 || most != 40 {
			t.Errorf("%d left; up to %d deliveries at once, want 40", store.left(), most)
		}
		if n := store.counted().lease; n > 120 {
			t.Errorf("%d leases for 500 messages", n)
		}
		f.finish(t)
	})
}

func TestSlowMessageHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		slow := store.add(topic, 1, -time.Hour)[0]
		store.add(topic, 200, 0)
		release := make(chan struct{})
		f := run(t, store, 2, outbox.RelayConfig{}, func(_ context.Context, id int64) error {
			if id == slow {
				<-release
			}
			return nil
		})
		synctest.Wait()
		if n := store.left(); n != 1 {
			t.Errorf("%d messages left, want the slow one alone", n)
		}
		close(release)
		f.finish(t)
		if n := store.left(); n != 0 {
			t.Errorf("%d messages left", n)
		}
	})
}

func TestLeasesOfLongDeliveriesAreRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, j := newFakeStore(), newJournal()
		store.add(topic, 3, 0)
		deliver := func(_ context.Context, id int64) error {
			j.note(id)
			<-time.After(10 * time.Minute)
			return nil
		}
		cfg := outbox.RelayConfig{Lease: 15 * time.Second}
		f, rival := run(t, store, 8, cfg, deliver), run(t, store, 8, cfg, deliver)
		<-time.After(11 * time.Minute)
		if j.total() != 3 || store.left() != 0 {
			t.Errorf("%d deliveries of 3 messages, %d left", j.total(), store.left())
		}
		f.finish(t)
		rival.finish(t)
	})
}
