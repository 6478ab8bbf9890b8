package export_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/bulk/export"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

// eventLog is one that ends at an id, which is confirmed unless a transaction holds it up.
type eventLog struct {
	last, complete int64
	held           bool
	failure        error
}

func (l *eventLog) Now(ctx context.Context) (int64, error) {
	if l.held {
		<-ctx.Done()
		return 0, context.Cause(ctx)
	}
	return l.last, l.failure
}
func (l *eventLog) Complete() int64                     { return l.complete }
func (l *eventLog) Last(context.Context) (int64, error) { return l.last, l.failure }

// shelf has products of so many bytes.
type shelf struct {
	products, bytes int
	limits          []int
	failure         error
}

func (s *shelf) ExportProducts(_ context.Context, user, after int64, limit, maxBytes int) (list []rows.ProductRow, more bool, err error) {
	s.limits = append(s.limits, limit)
	if s.failure != nil {
		return nil, false, s.failure
	}
	for bytes := 0; len(list) < limit && bytes < maxBytes && int(after)+len(list) < s.products; bytes += s.bytes {
		list = append(list, rows.ProductRow{ID: after + int64(len(list)) + 1, Name: strconv.FormatInt(user, 10)})
	}
	return list, len(list) == limit || int(after)+len(list) < s.products, nil
}

func service(s *shelf, l *eventLog) *export.Service {
	return &export.Service{Store: s, Log: l, Epoch: func() string { return "e" }}
}

// TestPages: all products come, each once; pages grow while they are small, and fit what
// they may have where products are large.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		products, bytes int
		limits          string
	}{
		{0, 1, "[50]"}, {49, 1, "[50]"}, {50, 1, "[50 100]"}, {1000, 1, "[50 100 200 400 500]"}, {7, export.MaxPageBytes, "[50 1 2 1 2 1 2]"},
	} {
		s := &shelf{products: c.products, bytes: c.bytes}
		e, err := service(s, &eventLog{last: 7}).Begin(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for {
			page, err := e.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, p := range page {
				if seen++; p.ID != int64(seen) {
					t.Fatalf("product %d comes in place %d", p.ID, seen)
				}
			}
		}
		if seen != c.products || e.Products != int64(seen) || fmt.Sprint(s.limits) != c.limits {
			t.Errorf("%d products of %d bytes: %d came, %d counted, in pages of %v", c.products, c.bytes, seen, e.Products, s.limits)
		}
		if page, err := e.Next(t.Context()); len(page) > 0 || err != nil {
			t.Errorf("behind the end: %v, %v", page, err)
		}
	}
}

// TestPositions: the first is confirmed, the last is the last one drawn; neither is before
// the other.
func TestPositions(t *testing.T) {
	t.Parallel()
	l := &eventLog{last: 7, complete: 3}
	e, err := service(&shelf{}, l).Begin(t.Context(), 1)
	if err != nil || e.After != (events.PublicID{Epoch: "e", Position: 7}) {
		t.Fatalf("after %v, %v", e, err)
	}
	for last, want := range map[int64]int64{6: 7, 7: 7, 12: 12} {
		l.last = last
		if until, err := e.Until(t.Context()); err != nil || until != (events.PublicID{Epoch: "e", Position: want}) {
			t.Errorf("until %v, %v", until, err)
		}
	}
}

// TestHeldUp: where the log is held up, an earlier position does, if there is one.
func TestHeldUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		e, err := service(&shelf{}, &eventLog{last: 7, complete: 3, held: true}).Begin(t.Context(), 1)
		if err != nil || e.After.Position != 3 || time.Since(began) != 5*time.Second {
			t.Errorf("after %v: %v, %v", time.Since(began), e, err)
		}
		if _, err := service(&shelf{}, &eventLog{last: 7, held: true}).Begin(t.Context(), 1); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("without an earlier one: %v", err)
		}
		ctx, leave := context.WithCancelCause(t.Context())
		left := errors.New("left")
		time.AfterFunc(time.Second, func() { leave(left) })
		if _, err := service(&shelf{}, &eventLog{last: 7, complete: 3, held: true}).Begin(ctx, 1); !errors.Is(err, left) {
			t.Errorf("left meanwhile: %v", err)
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	down := fault.New(fault.Unavailable, "down")
	if _, err := service(&shelf{}, &eventLog{}).Begin(t.Context(), 0); fault.KindOf(err) != fault.Invalid {
		t.Errorf("of no user: %v", err)
	}
	if _, err := service(&shelf{}, &eventLog{complete: 3, failure: down}).Begin(t.Context(), 1); !errors.Is(err, down) {
		t.Errorf("without a log: %v", err)
	}
	unknown := service(&shelf{}, &eventLog{})
	unknown.Epoch = func() string { return "" }
	if _, err := unknown.Begin(t.Context(), 1); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("without an epoch: %v", err)
	}
	e, err := service(&shelf{failure: down}, &eventLog{}).Begin(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Next(t.Context()); !errors.Is(err, down) {
		t.Errorf("without a database: %v", err)
	}
}
