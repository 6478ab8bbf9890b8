package schedule_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/imaging/schedule"
)

// render is one picture of a simulation.
type render struct {
	user   int64
	at     time.Duration // when it comes
	takes  time.Duration
	pixels int64
	known  bool // its pixels are, when it comes
	quick  bool

	began time.Duration
	slot  *schedule.Slot
}

// simulate renders all pictures in virtual time, with the sums checked at each.
func simulate(t *testing.T, cfg schedule.Config, pictures []*render) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := schedule.New(cfg)
		start := time.Now()
		var mu sync.Mutex
		busy, express, pixels := 0, 0, int64(0)
		done := make(chan struct{})
		for _, p := range pictures {
			go func() {
				defer func() { done <- struct{}{} }()
				time.Sleep(p.at)
				picture := schedule.Picture{UserID: p.user, Quick: p.quick}
				if p.known {
					picture.Pixels = p.pixels
				}
				slot, err := s.Enter(t.Context(), picture)
				for ; err == nil && !slot.Reserve(p.pixels); slot, err = slot.Again(t.Context(), picture) {
					if picture.Pixels != 0 && !slot.Express {
						t.Error("a picture was given a slot without the room that it asked for")
					}
					picture.Pixels = p.pixels
				}
				if err != nil {
					t.Error(err)
					return
				}
				p.began, p.slot = time.Since(start), slot
				count := func(n int, held int64) {
					mu.Lock()
					defer mu.Unlock()
					if slot.Express {
						express += n
					} else {
						busy, pixels = busy+n, pixels+held
					}
					if busy > cfg.Renders || express > 1 || pixels > cfg.Budget {
						t.Errorf("%d slots, %d express and %d pixels are held", busy, express, pixels)
					}
				}
				held := min(p.pixels, cfg.Budget)
				count(1, held)
				time.Sleep(p.takes)
				count(-1, -held)
				slot.Leave()
			}()
			synctest.Wait() // in their order
		}
		for range pictures {
			<-done
		}
		if whole, err := s.Enter(t.Context(), schedule.Picture{Pixels: cfg.Budget}); err != nil || whole.Express {
			t.Errorf("not everything was given back: %v", err)
		}
	})
}

func config() schedule.Config {
	return schedule.Config{Renders: 2, Budget: 100, Express: 10, Passed: 4}
}

// TestHeavyPicturesDelayNoOne: six heavy pictures of one user, and quick ones of
// others meanwhile.
func TestHeavyPicturesDelayNoOne(t *testing.T) {
	t.Parallel()
	var all []*render
	for range 6 {
		all = append(all, &render{user: 1, takes: time.Minute, pixels: 40})
	}
	own := &render{user: 1, at: time.Second, takes: time.Second / 2, pixels: 5, quick: true}
	large := &render{user: 30, at: time.Second, takes: time.Second / 2, pixels: 20, quick: true}
	all = append(all, own, large)
	for i := range int64(20) {
		all = append(all, &render{user: 2 + i, at: 2*time.Second + time.Duration(i)*5*time.Second, takes: time.Second / 2, pixels: 5, quick: true})
	}
	simulate(t, config(), all)
	for _, p := range all[8:] {
		if waited := p.began - p.at; waited != 0 {
			t.Errorf("a quick picture of user %d waited for %v", p.user, waited)
		}
	}
	if own.slot.Express {
		t.Error("the express slot was given to a user who holds others")
	}
	if large.slot.Express || large.began != time.Minute {
		t.Errorf("a picture that is too large for the express slot began at %v", large.began)
	}
	if all[5].began != 2*time.Minute+time.Second/2 { // behind the one of user 30
		t.Errorf("the last heavy picture began after %v", all[5].began)
	}
}

// TestPassedSoOften: small pictures pass a large one that waits for memory, and then
// wait for it.
func TestPassedSoOften(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{true, false} {
		all := []*render{
			{user: 1, takes: time.Minute, pixels: 60, known: known},
			{user: 2, at: time.Second, takes: time.Minute, pixels: 60, known: known},
		}
		for i := range 10 {
			all = append(all, &render{user: int64(10 + i), at: 2 * time.Second, takes: time.Second, pixels: 10, known: known})
		}
		simulate(t, config(), all)
		if all[1].began != time.Minute {
			t.Errorf("the large one began after %v", all[1].began)
		}
		early := 0
		for _, p := range all[2:] {
			if p.began < time.Minute {
				early++
			}
		}
		if early != config().Passed {
			t.Errorf("%d passed it, want %d", early, config().Passed)
		}
	}
}

// TestUsersTakeTurns: a user who holds fewer slots comes first, however many wait.
func TestUsersTakeTurns(t *testing.T) {
	t.Parallel()
	var all []*render
	for range 50 {
		all = append(all, &render{user: 1, takes: 2 * time.Second, pixels: 10})
	}
	other := &render{user: 2, at: 3 * time.Second, takes: time.Second, pixels: 10}
	all = append(all, other)
	simulate(t, config(), all)
	if other.began != 4*time.Second {
		t.Errorf("another user's picture began after %v", other.began)
	}
}

// TestAnyLoad: whatever comes is rendered, within the limits.
func TestAnyLoad(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 0))
		all := make([]*render, 200)
		for i := range all {
			all[i] = &render{
				user: r.Int64N(5), at: time.Duration(r.IntN(60)) * time.Second, takes: time.Duration(r.IntN(3000)) * time.Millisecond,
				pixels: 1 + r.Int64N(150), known: r.IntN(2) == 0, quick: r.IntN(2) == 0,
			}
		}
		simulate(t, config(), all)
	}
}

// TestWhoGivesUp leaves nothing behind.
func TestWhoGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := schedule.New(schedule.Config{Renders: 1, Budget: 10, Passed: 1})
		first, err := s.Enter(t.Context(), schedule.Picture{Pixels: 10})
		if err != nil {
			t.Fatal(err)
		}
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		failed := make(chan error)
		for range 3 {
			go func() {
				_, err := s.Enter(ctx, schedule.Picture{Pixels: 10})
				failed <- err
			}()
		}
		synctest.Wait()
		cancel(gone)
		for range 3 {
			if err := <-failed; !errors.Is(err, gone) {
				t.Error(err)
			}
		}
		first.Leave()
		if _, err := s.Enter(t.Context(), schedule.Picture{Pixels: 10}); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := s.Enter(t.Context(), schedule.Picture{})
			failed <- err
		}()
		synctest.Wait()
		s.Close()
		if err := <-failed; !errors.Is(err, schedule.ErrClosed) {
			t.Error(err)
		}
	})
}

// TestPixels: what a picture takes of the budget is taken until it leaves; one above all of it takes all, and the
// express one nothing.
func TestPixels(t *testing.T) {
	t.Parallel()
	s := schedule.New(schedule.Config{Renders: 1, Budget: 100, Express: 10, Passed: 4})
	want := func(want int64) {
		t.Helper()
		if used, budget := s.Pixels(); used != want || budget != 100 {
			t.Errorf("%d of %d pixels are used, want %d of 100", used, budget, want)
		}
	}
	want(0)
	slot, err := s.Enter(t.Context(), schedule.Picture{UserID: 1})
	if err != nil || !slot.Reserve(40) {
		t.Fatal(slot, err)
	}
	want(40)
	quick, err := s.Enter(t.Context(), schedule.Picture{UserID: 2, Quick: true})
	if err != nil || !quick.Express || !quick.Reserve(10) {
		t.Fatal(quick, err)
	}
	want(40)
	if !slot.Reserve(1000) {
		t.Fatal("there is no room for one that is rendered alone")
	}
	want(100)
	slot.Leave()
	quick.Leave()
	want(0)
}
