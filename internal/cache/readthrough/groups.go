package readthrough

import (
	"sync/atomic"
	"time"

	"vitrine.dev/internal/cache"
)

// rememberedBumps is of how many groups a failed bump is remembered by name.
// Beyond it groups that share a hash are bypassed together: see cache.Fences.
const rememberedBumps = 10_000

// groups knows how far each group is, and which have a bump that the engine has
// not received: their entries are not to be used until those have ended that
// were made before the bump.
type groups struct {
	floors *cache.Fences // the generation last used or started here
	bumps  atomic.Int64  // our own, tried or done

	start  time.Time
	span   time.Duration // for how long a group is bypassed
	latest atomic.Int64  // moment; see now
	failed *cache.Fences // the moment at which a group's last bump failed
	made   *cache.Fences // the moment at which its last successful bump began
	until  atomic.Int64  // the moment at which the last bypass ends; 0 without any
}

func newGroups(cfg Config) *groups {
	span := cfg.Lease + cfg.fillAge()
	return &groups{
		floors: cache.NewFences(cfg.memory(), cfg.MaxFloors),
		start:  time.Now(), span: span,
		failed: cache.NewFences(span, rememberedBumps), made: cache.NewFences(span, rememberedBumps),
	}
}

// now returns the nanoseconds since the start, different each time.
func (g *groups) now() int64 {
	for {
		latest := g.latest.Load()
		moment := max(latest+1, int64(time.Since(g.start)))
		if g.latest.CompareAndSwap(latest, moment) {
			return moment
		}
	}
}

// bypassed reports whether the engine has not received a bump of the group.
func (g *groups) bypassed(group string) bool {
	until := g.until.Load()
	if until == 0 { // hits do not pay for a look at the clock
		return false
	}
	now := int64(time.Since(g.start))
	if now >= until {
		g.until.CompareAndSwap(until, 0)
		return false
	}
	failed, _ := g.failed.Of(group)
	made, _ := g.made.Of(group)
	return failed > made && now < failed+int64(g.span)
}

// bumpFailed bypasses the group.
func (g *groups) bumpFailed(group string) {
	moment := g.now()
	g.failed.Announce(group, moment)
	for end := moment + int64(g.span); ; {
		until := g.until.Load()
		if until >= end || g.until.CompareAndSwap(until, end) {
			return
		}
	}
}

// bumpMade ends a bypass that was there when the bump began. One that has begun
// since concerns a later write. What is forgotten here is bypassed for longer.
func (g *groups) bumpMade(group string, began int64) { g.made.Saw(group, began) }
