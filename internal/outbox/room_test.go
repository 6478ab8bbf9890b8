package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/outbox"
)

// TestRoomBoundsWhatIsHandedOver keeps messages in the store, unleased, while
// the target is full, goes on when it has room, and has no bound where the
// target cannot say.
func TestRoomBoundsWhatIsHandedOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.add(topic, 30, -time.Minute)
		var room, handed atomic.Int64 // room: how deep the target may be
		var away atomic.Bool
		relay := outbox.NewRelay(store, []outbox.Route{{
			Topic: topic, Window: 10,
			Room: func(context.Context) (int, error) {
				if away.Load() {
					return 0, errors.New("not there")
				}
				return int(room.Load() - handed.Load()), nil
			},
			Deliver: func(_ context.Context, m outbox.Message) error {
				handed.Add(1)
				store.markDelivered(m.ID)
				return nil
			},
		}}, outbox.RelayConfig{}, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = relay.Run(ctx)
		}()
		for _, step := range []int64{0, 4, 7} {
			room.Store(step)
			time.Sleep(time.Second)
			if n := handed.Load(); n != step {
				t.Errorf("%d were handed over where there was room for %d", n, step)
			}
			if n := store.leasedNow(); n != 0 {
				t.Errorf("%d are leased and wait for room", n)
			}
		}
		away.Store(true)
		time.Sleep(time.Second)
		if n := handed.Load(); n != 30 {
			t.Errorf("%d were handed over to a target that cannot say", n)
		}
		stop()
		<-ended
	})
}
