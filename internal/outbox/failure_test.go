package outbox_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/outbox"
)

var errDefect = errors.New("cannot digest this one")

func TestFailureWaitsLongerEachTime(t *testing.T) {
	t.Parallel()
	for name, deliver := range map[string]func(){
		"error": func() {},
		"panic": func() { panic("a defect") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store, j := newFakeStore(), newJournal()
				bad := store.add(topic, 1, 0)[0]
				cfg := outbox.RelayConfig{Poll: 10 * time.Millisecond, RetryMin: time.Second, RetryMax: 8 * time.Second}
				f := run(t, store, 2, cfg, func(_ context.Context, id int64) error {
					if n := j.note(id); id != bad || n > 6 {
						return nil
					}
					deliver()
					return errDefect
				})
				<-time.After(time.Second / 2)
				good := store.add(topic, 1, 0)[0]
				<-time.After(time.Minute)
				if store.left() != 0 {
					t.Errorf("%d left", store.left())
				}
				if at := j.times(good); len(at) != 1 || at[0] > 520*time.Millisecond {
					t.Errorf("a good message waited for a bad one: %v", at)
				}
				at := j.times(bad)
				for i, seconds := range []int{1, 2, 4, 8, 8, 8} {
					want := time.Duration(seconds) * time.Second
					if got := at[i+1] - at[i]; got < want*8/10 || got > want*12/10+20*time.Millisecond {
						t.Errorf("wait %d is %v, want %v ± 20 %%", i+1, got, want)
					}
				}
				f.finish(t)
			})
		})
	}
}

func TestTargetDownPausesTheRoute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const total = 1000
		store, j := newFakeStore(), newJournal()
		store.add(topic, total, 0)
		up := time.Now().Add(5 * time.Minute)
		f := run(t, store, 64, outbox.RelayConfig{}, func(_ context.Context, id int64) error {
			j.note(id)
			if time.Now().Before(up) {
				return fault.New(fault.Unavailable, "the broker is down")
			}
			return nil
		})
		stopNudging := make(chan struct{})
		go func() { // as the commits of a busy API do
			for {
				select {
				case <-stopNudging:
					return
				case <-time.After(50 * time.Millisecond):
					f.relay.Nudge()
				}
			}
		}()
		<-time.After(time.Until(up))
		// One burst, then one probe at each pause of up to 5 s.
		if n := j.total(); n > 64+5*60/4+10 {
			t.Errorf("%d deliveries tried in 5 minutes without a target", n)
		}
		<-time.After(7 * time.Second)
		if n := store.left(); n != 0 {
			t.Errorf("%d messages left 7 s after the target came back", n)
		}
		close(stopNudging)
		f.finish(t)
	})
}

func TestStoreDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, j := newFakeStore(), newJournal()
		store.add(topic, 10, 0)
		release := make(chan struct{})
		f := run(t, store, 10, outbox.RelayConfig{Lease: time.Hour}, func(_ context.Context, id int64) error {
			j.note(id)
			<-release
			return nil
		})
		synctest.Wait()
		store.setDown(true)
		close(release) // delivered, but the store cannot be told
		<-time.After(10 * time.Minute)
		if c := store.counted(); c.remove > 200 || c.lease > 200 {
			t.Errorf("a store that is down was called too often: %+v", c)
		}
		store.setDown(false)
		<-time.After(7 * time.Second)
		if store.left() != 0 || j.total() != 10 {
			t.Errorf("%d left, %d deliveries of 10", store.left(), j.total())
		}
		f.finish(t)
	})
}
