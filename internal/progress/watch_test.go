package progress_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/progress"
)

// log is a log of events that can be unavailable.
type log struct {
	batches chan events.Batch
	broken  chan struct{}
}

func (l log) Next(ctx context.Context) (events.Batch, error) {
	select {
	case b := <-l.batches:
		return b, nil
	case <-l.broken:
		return events.Batch{}, errors.New("unavailable")
	case <-ctx.Done():
		return events.Batch{}, ctx.Err()
	}
}

func of(products ...int64) (b events.Batch) {
	for _, id := range products {
		b.Events = append(b.Events, events.Event{ProductID: id})
	}
	return b
}

// TestWatch: who waits is woken by changes of its product, by those that it may have missed,
// once for any number that it has not looked at, and not after it has ended.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, l := progress.New(slog.New(slog.DiscardHandler)), log{make(chan events.Batch), make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- w.Follow(ctx, func(context.Context) (events.Next, error) { return l, nil })
		}()
		synctest.Wait()
		first, _, _ := w.Product(1)
		second, done, ok := w.Product(2)
		if !ok {
			t.Fatal("two are too many")
		}
		woken := func() (list [2]bool) {
			synctest.Wait()
			for i, c := range []<-chan struct{}{first, second} {
				select {
				case <-c:
					list[i] = true
				default:
				}
			}
			return list
		}
		for _, tc := range []struct {
			batch events.Batch
			want  [2]bool
		}{
			{of(1), [2]bool{true, false}},
			{of(0, 2, 3, 2), [2]bool{false, true}},
			{of(3), [2]bool{}},
			{events.Batch{Skipped: 1}, [2]bool{true, true}},
		} {
			l.batches <- tc.batch
			if got := woken(); got != tc.want {
				t.Errorf("woken by %+v: %v, want %v", tc.batch, got, tc.want)
			}
		}
		l.batches <- of(1)
		l.batches <- of(1)
		if woken() != [2]bool{true, false} || woken() != [2]bool{} {
			t.Error("two changes were not one")
		}
		l.broken <- struct{}{}
		time.Sleep(time.Minute) // the log is opened again
		if got := woken(); got != [2]bool{true, true} {
			t.Errorf("woken by the return of the log: %v", got)
		}
		done()
		l.batches <- of(1, 2)
		if got := woken(); got != [2]bool{true, false} {
			t.Errorf("after the second has ended: %v", got)
		}
		for range progress.MostWaiting - 1 {
			w.Product(3)
		}
		if _, _, ok := w.Product(4); ok {
			t.Error("more than the most wait")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
