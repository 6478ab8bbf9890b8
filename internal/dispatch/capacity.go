package dispatch

import (
	"context"
	"time"

	"vitrine.dev/internal/processes"
)

const (
	// Of the jobs that wait for a worker, a spare part is beyond the free slots,
	// so that a slot which becomes free finds one there: one for each slotsPerSpare
	// slots, and minSpare also where no worker is known to be alive.
	slotsPerSpare = 8
	minSpare      = 2
	// slotsLife is for how long a sum of slots is used.
	slotsLife = time.Second
)

// capacity is how many slots the live workers have, as they were read last.
type capacity struct {
	slots int
	read  time.Time
}

// refresh reads the slots again where they are old or none were known. An error
// leaves them as they were: the step meets the same outage.
func (c *capacity) refresh(ctx context.Context, store Store, timeout time.Duration) {
	if c.slots > 0 && time.Since(c.read) < slotsLife {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if slots, err := store.Slots(ctx, processes.Gone); err == nil {
		c.slots, c.read = slots, time.Now()
	}
}

// room returns how many jobs more may wait for a worker, where depth bounds them
// and so many wait and are worked on. It is negative where too many wait.
func (c *capacity) room(depth, waiting, running int) int {
	free := max(0, c.slots-running)
	return min(depth, free+max(minSpare, c.slots/slotsPerSpare)) - waiting
}
