package events_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

func horizonOf(log *fakeLog, j *journal) *events.Horizon {
	return events.NewHorizon(log, events.DefaultHorizonConfig(), j.logger())
}

// TestHeldHorizon: a mark is waited for by whoever comes, as one wait, and who
// holds it is said once.
func TestHeldHorizon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		held := log.draw()
		log.add(1)
		h := horizonOf(log, j)
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			if to, err := h.Beyond(ctx, 0, log.wake); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%d, %v", to, err)
			}
			cancel()
		}
		if lag := h.Lag(); lag < 29*time.Second {
			t.Errorf("lag %s", lag)
		}
		if j.logged("level=WARN") != 2 || j.logged("pid=4711") != 1 || j.logged("gid=orphan") != 1 {
			t.Errorf("logged:\n%s", &j.buf)
		}
		log.add(1)
		log.commit(held)
		if to, err := h.Beyond(t.Context(), 0, log.wake); to != 2 || err != nil {
			t.Errorf("%d, %v", to, err)
		}
		if h.Lag() != 0 || j.logged("goes on") != 1 {
			t.Errorf("lag %s; logged:\n%s", h.Lag(), &j.buf)
		}
	})
}

// TestTailFromNow: what is committed after the return is read, also under an id
// that would have been drawn before, and nothing else.
func TestTailFromNow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		log.add(3)
		open := log.draw()
		opened := make(chan *events.Tail)
		go func() {
			tail, err := horizonOf(log, j).Tail(t.Context())
			if err != nil {
				t.Error(err)
			}
			opened <- tail
		}()
		after(time.Second)
		log.commit(open)
		tail := <-opened
		log.add(2)
		b, err := tail.Next(t.Context())
		if err != nil || len(b.Events) != 2 || b.Events[0].ID != 5 || b.Skipped != 0 || tail.Position() != 6 {
			t.Errorf("%+v, %v, at %d", b, err, tail.Position())
		}
	})
}

func TestTailAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		log.add(1203)
		log.cut(100)
		h := horizonOf(log, j)
		for _, id := range []int64{-1, 1204} {
			if _, err := h.TailAfter(t.Context(), id); fault.KindOf(err) != fault.Invalid {
				t.Errorf("tail after %d: %v", id, err)
			}
		}
		tail, err := h.TailAfter(t.Context(), 40)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []struct {
			skipped, first int64
			events         int
		}{{60, 101, 500}, {0, 601, 500}, {0, 1101, 103}} {
			b, err := tail.Next(t.Context())
			if err != nil || b.Skipped != want.skipped || len(b.Events) != want.events || b.Events[0].ID != want.first {
				t.Errorf("%d events, %d skipped, %v; want %+v", len(b.Events), b.Skipped, err, want)
			}
		}
		log.add(1)
		log.cut(1204)
		if b, err := tail.Next(t.Context()); err != nil || b.Skipped != 1 || len(b.Events) != 0 {
			t.Errorf("%+v, %v", b, err)
		}
		log.setDown(true)
		if _, err := tail.Next(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Error(err)
		}
		log.setDown(false)
		log.add(1)
		if b, err := tail.Next(t.Context()); err != nil || len(b.Events) != 1 {
			t.Errorf("%+v, %v", b, err)
		}
	})
}

// TestPace: a process that is woken all the time looks twenty times a second.
func TestPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		tail, err := horizonOf(log, j).TailAfter(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		before, began := log.counted(), time.Now()
		for range 100 {
			log.add(1)
			if _, err := tail.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 4900*time.Millisecond || log.counted()-before > 310 {
			t.Errorf("%d calls in %s", log.counted()-before, took)
		}
	})
}

// TestReadersShareTheirLooks: a process looks once a second while it is quiet, however many read, and each hears of what
// happens then within a second, though nothing wakes it.
func TestReadersShareTheirLooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		horizon := horizonOf(log, j)
		const readers, quiet = 6, 20
		heard := make(chan time.Time, readers)
		for i := range readers {
			tail, err := horizon.TailAfter(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				time.Sleep(time.Duration(i) * 170 * time.Millisecond) // each in a part of the second of its own
				if _, err := tail.Next(t.Context()); err == nil {
					heard <- time.Now()
				}
			}()
		}
		time.Sleep(5 * time.Second)
		before := log.counted()
		time.Sleep(quiet * time.Second)
		if n := log.counted() - before; n < quiet-1 || n > quiet+1 {
			t.Errorf("%d looks of %d readers in %d s", n, readers, quiet)
		}
		time.Sleep(300 * time.Millisecond)
		log.add(1)
		select {
		case <-log.wake: // lost
		default:
		}
		added := time.Now()
		for range readers {
			if at := <-heard; at.Sub(added) > 1100*time.Millisecond {
				t.Errorf("a reader heard of it after %s", at.Sub(added))
			}
		}
	})
}

// remover counts what Retention asks for.
type remover struct {
	mu     sync.Mutex
	left   int
	claims int
	err    error
}

func (r *remover) RemoveEvents(_ context.Context, age time.Duration, latest int64, limit int) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(r.left, limit)
	r.left -= n
	if age != 720*time.Hour || latest != 5_000_000 {
		return 0, errors.New("another retention") //nolint:err113 // of a test
	}
	return n, r.err
}

func (r *remover) ClaimSlice(context.Context, string, time.Duration, int, int) (int, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claims++
	return 0, r.claims%2 == 1, nil
}

func TestRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		r := &remover{left: 12_345}
		retention := events.NewRetention(r, events.DefaultRetentionConfig(), j.logger())
		for _, want := range []int{12_345, 0} { // the second has no turn
			r.left = max(r.left, 12_345)
			if n, err := retention.Turn(t.Context()); n != want || err != nil {
				t.Errorf("%d removed, %v; want %d", n, err, want)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = retention.Run(ctx) }()
		after(5 * time.Minute)
		r.mu.Lock()
		r.err = fault.New(fault.Unavailable, "no database")
		r.mu.Unlock()
		after(5 * time.Minute)
		stop()
		<-ended
		if r.left != 0 || r.claims < 10 || j.logged("not removed") == 0 {
			t.Errorf("%d left after %d claims; logged:\n%s", r.left, r.claims, &j.buf)
		}
	})
}
