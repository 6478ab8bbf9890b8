package imaging

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"
)

// admission lets in as much work as the machine bears: so many pictures, and
// so many pixels among them.
type admission struct {
	slots  *semaphore.Weighted
	pixels *semaphore.Weighted
	budget int64
}

func newAdmission(parallel int, budget int64) *admission {
	return &admission{
		slots:  semaphore.NewWeighted(int64(parallel)),
		pixels: semaphore.NewWeighted(budget),
		budget: budget,
	}
}

// enter waits for room for a picture of so many pixels and returns the way
// out. A picture above the whole budget is let in alone.
func (a *admission) enter(ctx context.Context, pixels int64) (leave func(), err error) {
	pixels = min(max(pixels, 1), a.budget)
	if err := a.pixels.Acquire(ctx, pixels); err != nil {
		return nil, fmt.Errorf("wait for pixels: %w", err)
	}
	if err := a.slots.Acquire(ctx, 1); err != nil {
		a.pixels.Release(pixels)
		return nil, fmt.Errorf("wait for a slot: %w", err)
	}
	return func() {
		a.slots.Release(1)
		a.pixels.Release(pixels)
	}, nil
}
