package schedule

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestGivenAtThatMoment: who gives up and is given a slot before it has left the line
// gives the slot back.
func TestGivenAtThatMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Renders: 1, Budget: 10, Passed: 1})
		first, err := s.Enter(t.Context(), Picture{UserID: 1, Pixels: 10})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := s.Enter(ctx, Picture{UserID: 2, Pixels: 10})
			failed <- err
		}()
		synctest.Wait()
		s.mu.Lock() // it cannot leave the line
		cancel()
		first.leave()
		if len(s.waiting) != 0 {
			t.Error("it was not given the slot")
		}
		s.mu.Unlock()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("it was given the slot, or %v", err)
		}
		if s.free != 1 || s.pixels != 10 || len(s.held) != 0 {
			t.Errorf("it has kept something: %+v", s)
		}
	})
}
