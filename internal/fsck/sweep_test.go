package fsck_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/media"
)

// sweeping finds silent images, and recovers two of them before an error.
type sweeping struct {
	fsck.Store

	fails error
}

func (sweeping) Silent(context.Context, time.Duration, int) (int64, []int64, error) {
	return 3, []int64{1, 2, 3}, nil
}

func (s sweeping) Sweep(context.Context, media.SweepPolicy) ([]media.LostAttempt, error) {
	return []media.LostAttempt{{Changed: catalog.Changed{ProductID: 1}}, {Changed: catalog.Changed{ProductID: 2}}}, s.fails
}

// announced has the products of each call.
type announced [][]int64

func (a *announced) Announce(_ context.Context, changed ...catalog.Changed) {
	var products []int64
	for _, c := range changed {
		products = append(products, c.ProductID)
	}
	*a = append(*a, products)
}

// TestSweepBesideAnError: what was recovered before an error is announced, all of it at once.
func TestSweepBesideAnError(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	var heard announced
	parts := w.parts()
	fails := errors.New("the third could not be recovered")
	parts.Store, parts.Announce = sweeping{w.store, fails}, &heard
	if _, err := fsck.New(parts, fsck.Config{Repair: true, Epoch: "e"}).Run(t.Context()); !errors.Is(err, fails) {
		t.Errorf("the error is %v", err)
	}
	if len(heard) != 1 || !slices.Equal(heard[0], []int64{1, 2}) {
		t.Errorf("announced is %v", heard)
	}
}
