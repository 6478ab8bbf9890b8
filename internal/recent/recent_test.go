package recent_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/recent"
)

const age = time.Second

// source returns how often it was read, after took.
type source struct {
	took  time.Duration
	err   error
	reads int
}

func (s *source) read(ctx context.Context) (int, error) {
	time.Sleep(s.took)
	s.reads++
	return s.reads, errors.Join(s.err, ctx.Err())
}

// TestGet: what was read is given out until it is as old as it may be, from when its reading began.
func TestGet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, v := source{took: 400 * time.Millisecond}, recent.Value[int]{}
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {age - s.took - 1, 1}, {1, 2}, {age, 3}, {0, 3}} {
			time.Sleep(step.after)
			if got, err := v.Get(t.Context(), age, s.read); err != nil || got != step.want {
				t.Errorf("%s later: %d, %v; want %d", step.after, got, err, step.want)
			}
		}
	})
}

// TestGetAtOnce: who asks while it is read has the same answer.
func TestGetAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, v := source{took: 5 * age}, recent.Value[int]{}
		var all sync.WaitGroup
		for n := range 5 {
			all.Go(func() {
				time.Sleep(time.Duration(n) * age) // longer than what was read is given out
				if got, err := v.Get(t.Context(), age, s.read); err != nil || got != 1 {
					t.Errorf("the one after %d s has %d, %v", n, got, err)
				}
			})
		}
		all.Wait()
	})
}

// TestErrorIsNotKept: who asks after an error has it read again, and what was read before is not given out as new.
func TestErrorIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, v := source{}, recent.Value[int]{}
		if _, err := v.Get(t.Context(), age, s.read); err != nil {
			t.Fatal(err)
		}
		time.Sleep(age)
		s.err = errors.New("the database cannot be reached")
		for range 2 {
			if _, err := v.Get(t.Context(), age, s.read); !errors.Is(err, s.err) {
				t.Errorf("what cannot be read is %v", err)
			}
		}
		s.err = nil
		if got, err := v.Get(t.Context(), age, s.read); err != nil || got != 4 {
			t.Errorf("after errors: %d, %v; want the fourth reading", got, err)
		}
	})
}

// TestLeave: who leaves waits no longer, and takes the reading from no one, whether it has begun it or not.
func TestLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, v := source{took: time.Minute}, recent.Value[int]{}
		left := errors.New("the client has left")
		var all sync.WaitGroup
		for n := range 3 { // the first one begins the reading
			ctx, leave := context.WithCancelCause(t.Context())
			all.Go(func() {
				began := time.Now()
				if _, err := v.Get(ctx, age, s.read); !errors.Is(err, left) || time.Since(began) != time.Second {
					t.Errorf("who leaves, number %d: %v after %s", n, err, time.Since(began))
				}
			})
			synctest.Wait()
			time.AfterFunc(time.Second, func() { leave(left) })
		}
		if got, err := v.Get(t.Context(), age, s.read); err != nil || got != 1 {
			t.Errorf("who stays: %d, %v", got, err)
		}
		all.Wait()
	})
}
