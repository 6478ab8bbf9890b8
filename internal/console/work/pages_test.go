package work

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/recent"
)

// TestRecently: what pages have in common is looked at once a second, and no longer than a second, whoever has asked first.
func TestRecently(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		var common recent.Value[int]
		look := func(context.Context) (int, error) { looks++; return looks, nil }
		for _, want := range []int{1, 1, 2} {
			if got, err := recently(t.Context(), &common, look); err != nil || got != want {
				t.Errorf("%d, %v; want look %d", got, err, want)
			}
			time.Sleep(lookLife / 2)
		}
		time.Sleep(lookLife)
		began := time.Now()
		_, err := recently(t.Context(), &common, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("a look that hangs: %v after %s", err, took)
		}
	})
}
