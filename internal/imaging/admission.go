package imaging

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"vitrine.dev/internal/media"
)

// Admission limits the pictures in work.
type Admission interface {
	// Enter waits for room for a picture that holds so many pixels at once, and
	// returns what gives it back. Its only error is that ctx is done.
	Enter(ctx context.Context, pixels int64) (leave func(), err error)
}

// admission limits the pictures in work and the pixels of all of them.
type admission struct {
	slots  *semaphore.Weighted
	pixels *semaphore.Weighted
	budget int64
}

// NewAdmission admits parallel pictures with budget pixels among them.
func NewAdmission(parallel int, budget int64) Admission {
	return &admission{
		slots:  semaphore.NewWeighted(int64(parallel)),
		pixels: semaphore.NewWeighted(budget),
		budget: budget,
	}
}

// Enter implements Admission. A picture above the whole budget is admitted alone.
func (a *admission) Enter(ctx context.Context, pixels int64) (leave func(), err error) {
	defer media.PauseClock(ctx)()
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
