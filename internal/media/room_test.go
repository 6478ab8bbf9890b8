package media

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestRoomForImages: a user who has some waits where there are many, one who has none does
// not, and those who wait come in their order.
func TestRoomForImages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := room{some: 3, all: 6}
		var order []int64
		enter := func(ctx context.Context, user int64) (leave func()) {
			left := make(chan struct{})
			go func() {
				leave, err := b.take(ctx, user, 1)
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
		crowd := make([]func(), 7)
		for i := range crowd {
			crowd[i] = enter(ctx, int64(10+i))
		}
		want("as many users as there may be images", 1, 1, 1, 2, -1, 1, 2, 10, 11, 12, 13, 14, 15)
		crowd[0]()
		want("and one more", 1, 1, 1, 2, -1, 1, 2, 10, 11, 12, 13, 14, 15, 16)
		for _, leave := range crowd[1:] {
			leave()
		}
		if b.used != 0 || len(b.users) != 0 || len(b.waiting) != 0 {
			t.Errorf("%+v when all have left", &b)
		}
	})
}

// TestRoomForBytes: half of them are for users who have none, who gives up leaves
// nothing behind, and what no room is left for is passed by no one.
func TestRoomForBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := room{some: 50, all: 100}
		take := func(ctx context.Context, user, bytes int64) (given *bool, giveBack func()) {
			given = new(bool)
			end := make(chan struct{})
			go func() {
				giveBack, err := m.take(ctx, user, bytes)
				if err != nil {
					return
				}
				*given = true
				<-end
				giveBack()
			}()
			synctest.Wait()
			return given, func() { close(end); synctest.Wait() }
		}
		want := func(what string, given *bool, is bool) {
			t.Helper()
			if *given != is {
				t.Errorf("%s: given is %v", what, *given)
			}
		}
		ctx := t.Context()
		a, endA := take(ctx, 1, 30)
		b, endB := take(ctx, 1, 20)
		c, endC := take(ctx, 1, 10)
		want("first", a, true)
		want("half of it", b, true)
		want("more than half", c, false)
		d, endD := take(ctx, 2, 40)
		want("another user", d, true)
		gone, cancel := context.WithCancel(ctx)
		e, _ := take(gone, 3, 20)
		f, endF := take(ctx, 4, 10)
		want("no room", e, false)
		want("behind one that has no room", f, false)
		cancel()
		synctest.Wait()
		want("the one before gives up", f, true)
		endD()
		want("all is used but 40", c, false)
		endA()
		want("less than half is used", c, true)
		endB()
		endC()
		endF()
		large, endLarge := take(ctx, 1, 1000)
		want("larger than all, alone", large, true)
		small, endSmall := take(ctx, 2, 1)
		want("beside it", small, false)
		endLarge()
		want("after it", small, true)
		endSmall()

		g, endG := take(ctx, 1, 30)
		h, endH := take(ctx, 1, 10)
		whole, endWhole := take(ctx, 2, 80)
		i, endI := take(ctx, 1, 10)
		want("two of one user", g, true)
		want("two of one user", h, true)
		want("no room beside them", whole, false)
		want("room, but for one that has none and came before", i, false)
		endH()
		want("no room beside one", whole, false)
		want("room, again", i, false)
		endG()
		want("all have left who were before", whole, true)
		want("room beside it", i, true)
		endWhole()
		endI()
		if m.used != 0 || len(m.users) != 0 || len(m.waiting) != 0 {
			t.Errorf("%+v when all have given back", &m)
		}
	})
}
