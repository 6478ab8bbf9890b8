package media

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestBacklog: a user who has some waits where there are many, one who has none does
// not, and those who wait come in their order.
func TestBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := backlog{most: 3}
		var order []int64
		enter := func(ctx context.Context, user int64) (leave func()) {
			left := make(chan struct{})
			go func() {
				leave, err := b.enter(ctx, user)
				if err != nil {
					order = append(order, -user)
					return
				}
				order = append(order, user)
				<-left
				leave()
			}()
			synctest.Wait()
			return func() { close(left); synctest.Wait() }
		}
		want := func(what string, users ...int64) {
			t.Helper()
			if len(order) != len(users) {
				t.Fatalf("%s: %v, want %v", what, order, users)
			}
			for i, u := range users {
				if order[i] != u {
					t.Fatalf("%s: %v, want %v", what, order, users)
				}
			}
		}
		ctx := t.Context()
		first, second := enter(ctx, 1), enter(ctx, 1)
		third := enter(ctx, 1)
		late, cancel := context.WithCancelCause(ctx)
		enter(late, 1)
		fourth := enter(ctx, 1)
		want("one user fills it", 1, 1, 1)
		other := enter(ctx, 2)
		want("a user who has none", 1, 1, 1, 2)
		again := enter(ctx, 2)
		want("the same again", 1, 1, 1, 2)
		cancel(errors.New("stopped"))
		synctest.Wait()
		want("one gives up", 1, 1, 1, 2, -1)
		first()
		want("one leaves, there are three still", 1, 1, 1, 2, -1)
		second()
		want("there is room for who came first", 1, 1, 1, 2, -1, 1)
		other()
		want("and for the next", 1, 1, 1, 2, -1, 1, 2)
		third()
		fourth()
		again()
		if b.total != 0 || len(b.users) != 0 || len(b.waiting) != 0 {
			t.Errorf("%+v when all have left", &b)
		}
	})
}
