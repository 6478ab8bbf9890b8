package ratelimit

import "time"

// bucket is what one client may send in the window that is now, as far as this process
// knows.
type bucket struct {
	window int64 // the number of it, 0 where it is not known yet
	last   int64 // the number of the window before
	end    time.Time

	spent   int64 // requests that this process has answered
	granted int64 // that it was given for them
	used    int64 // that all were given
	// exhausted says that no more is to be had in this window.
	exhausted bool
	// asked is closed with the answer to the lease that is under way; nil: there is none.
	asked chan struct{}
}

// roll begins another window where this one is over.
func (b *bucket) roll(now time.Time, window time.Duration) {
	if now.Before(b.end) {
		return
	}
	*b = bucket{last: max(b.last, b.window), end: now.Add(window), asked: b.asked}
}

// ceiling is how many requests of the window this process may answer.
func (b *bucket) ceiling(p Policy, alone bool) int64 {
	switch {
	case b.exhausted:
		return b.granted
	case alone:
		return p.Quota
	default:
		return b.granted + p.credit()
	}
}

// wanted is how much to ask for, 0 for nothing: what was spent and not granted, and a
// lease ahead, once less than half of one is left.
func (b *bucket) wanted(p Policy) int64 {
	if b.exhausted || b.asked != nil || b.granted-b.spent > p.lease()/2 {
		return 0
	}
	return b.spent - b.granted + p.lease()
}

// add takes up a lease of which so much was wanted.
func (b *bucket) add(l Lease, wanted int64, now time.Time) {
	switch {
	case l.Window == b.window:
	case b.window == 0 && l.Window == b.last: // it was asked for in a window that is over here
		return
	default: // what was spent before the first answer belongs to its window
		spent := b.spent
		if b.window != 0 {
			spent = 0
		}
		*b = bucket{window: l.Window, last: b.window, spent: spent, asked: b.asked}
	}
	b.granted += l.Granted
	b.used = l.Used
	b.exhausted = l.Granted < wanted
	b.end = now.Add(l.Left)
}

// remaining is what is left to all, as far as is known.
func (b *bucket) remaining(p Policy, alone bool) int64 {
	if b.exhausted || !alone {
		return max(p.Quota-b.used+b.granted-b.spent, 0)
	}
	return max(p.Quota-max(b.spent, b.used), 0)
}
