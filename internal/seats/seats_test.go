package seats_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/seats"
)

func TestTryTake(t *testing.T) {
	t.Parallel()
	s := seats.New(10, 4)
	take := func(user, n int64, want error) seats.Taken {
		t.Helper()
		got, err := s.TryTake(user, n)
		if !errors.Is(err, want) {
			t.Errorf("%d for user %d: %v, want %v", n, user, err, want)
		}
		return got
	}
	first := take(1, 3, nil)
	take(1, 2, seats.ErrFullOfUser)
	second := take(1, 1, nil)
	take(1, 1, seats.ErrFullOfUser)
	others := take(2, 4, nil)
	take(3, 3, seats.ErrFull)
	take(0, 3, seats.ErrFull)
	rest := take(0, 2, nil)
	first.Shrink(9) // which it does not have
	take(3, 1, seats.ErrFull)
	first.Shrink(1)
	take(1, 3, seats.ErrFullOfUser)
	for _, taken := range []*seats.Taken{&first, &second, &others, &rest} {
		taken.Free()
		taken.Free()
	}
	whole := take(1, 99, nil) // more than there are
	take(2, 1, seats.ErrFull)
	whole.Shrink(7)
	take(1, 1, seats.ErrFullOfUser) // seven are more than its own
	take(2, 4, seats.ErrFull)
	three := take(2, 3, nil)
	three.Free()
	whole.Free()
	take(2, 0, nil)
	all := take(0, 10, nil)
	all.Free()
}

// TestTakeWithin: who waits for seats of its own keeps no others waiting, and waits no longer than it says.
func TestTakeWithin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := seats.New(10, 4)
		first, err := s.TakeWithin(t.Context(), time.Second, 1, 4)
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan error, 2)
		for _, wait := range []time.Duration{time.Second, time.Minute} {
			go func() {
				more, err := s.TakeWithin(t.Context(), wait, 1, 4)
				more.Free()
				got <- err
			}()
		}
		synctest.Wait()
		if other, err := s.TryTake(2, 4); err != nil {
			t.Error(err)
		} else {
			other.Free()
		}
		began := time.Now()
		if err := <-got; !errors.Is(err, seats.ErrFullOfUser) || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		first.Free()
		if err := <-got; err != nil {
			t.Errorf("once they are free: %v", err)
		}
		all, err := s.TryTake(0, 10)
		if err != nil {
			t.Fatalf("some were not given back: %v", err)
		}
		if _, err := s.TakeWithin(t.Context(), time.Second, 2, 1); !errors.Is(err, seats.ErrFull) {
			t.Errorf("where others have all: %v", err)
		}
		all.Free()
	})
}

// TestTakeWithinGivenUp: who leaves while it waits is told its own cause, and has nothing; what is free it gets at once.
func TestTakeWithinGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := seats.New(10, 4)
		left := errors.New("the client has left")
		ctx, leave := context.WithCancelCause(t.Context())
		first, err := s.TryTake(1, 4)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { leave(left) })
		if _, err := s.TakeWithin(ctx, time.Minute, 1, 1); !errors.Is(err, left) || errors.Is(err, seats.ErrFullOfUser) {
			t.Errorf("who has left: %v", err)
		}
		first.Free()
		again, err := s.TakeWithin(ctx, time.Minute, 1, 4)
		if err != nil {
			t.Errorf("what is free: %v", err)
		}
		again.Free()
	})
}
