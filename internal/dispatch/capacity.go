package dispatch

import (
	"context"
	"time"

	"vitrine.dev/internal/processes"
)

const (
	// minSlots is how many slots there are taken to be where no worker is known to
	// be alive, so that one whose heartbeat fails has something to do.
	minSlots = 2
	// slotsLife is for how long a sum of slots is used.
	slotsLife = time.Second
)

// capacity is how many slots the live workers have, as they were read last.
type capacity struct {
	lease time.Duration // of images, Config.Lease
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
	if slots, err := store.Slots(ctx, processes.Gone, c.lease); err == nil {
		c.slots, c.read = slots, time.Now()
	}
}
