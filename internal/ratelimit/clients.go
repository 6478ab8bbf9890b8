package ratelimit

import "time"

// MostClients is how many clients of a policy are remembered at most. Beyond it those that
// were not seen for longest are forgotten, and begin again with what leases give them.
const MostClients = 100_000

// clients are the buckets, in two generations: the older is dropped once the younger is
// full or a window old, by when what is in it is over.
type clients struct {
	young, old map[string]*bucket
	since      time.Time
}

func (c *clients) bucket(who string, now time.Time, window time.Duration) *bucket {
	b, ok := c.young[who]
	if c.young == nil || !ok && len(c.young) >= MostClients/2 || now.Sub(c.since) > window {
		c.old, c.young, c.since = c.young, make(map[string]*bucket), now
	} else if ok {
		return b
	}
	b, ok = c.old[who]
	if ok {
		delete(c.old, who)
	} else {
		b = new(bucket)
	}
	c.young[who] = b
	return b
}
