package imaging

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"
)

// Admission lets pictures in as the machine bears them.
type Admission interface {
	// Enter waits for room for a picture that holds so many pixels at once, and
	// returns the way out. Its only error is that ctx is done.
	Enter(ctx context.Context, pixels int64) (leave func(), err error)
}

// admission lets in as much work as the machine bears: so many pictures, and
// so many pixels among them.
type admission struct {
	slots  *semaphore.Weighted
	pixels *semaphore.Weighted
	budget int64
}

// NewAdmission lets in parallel pictures with budget pixels among them.
func NewAdmission(parallel int, budget int64) Admission {
	return &admission{
		slots:  semaphore.NewWeighted(int64(parallel)),
		pixels: semaphore.NewWeighted(budget),
		budget: budget,
	}
}

// Enter implements Admission. A picture above the whole budget is let in alone.
func (a *admission) Enter(ctx context.Context, pixels int64) (leave func(), err error) {
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
