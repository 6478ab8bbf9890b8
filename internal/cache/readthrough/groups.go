package readthrough

import (
	"sync"
	"sync/atomic"
	"time"

	"vitrine.dev/internal/cache"
)

// maxBypassed is from how many groups on all of them are bypassed.
const maxBypassed = 10_000

// groups knows how far each group is, and which have a bump that the engine has
// not heard of: their entries are not to be used until those have ended that
// were made before the bump.
type groups struct {
	floors *cache.Fences // the generation last used or started here

	bumps atomic.Int64 // our own, tried or done
	span  time.Duration

	some  atomic.Bool // any is bypassed; spares readers the lock
	mu    sync.RWMutex
	until map[string]time.Time
	all   time.Time
}

func newGroups(cfg Config) *groups {
	return &groups{
		floors: cache.NewFences(2*cfg.Lease, cfg.MaxFloors),
		span:   cfg.Lease + cfg.fillAge(), until: make(map[string]time.Time),
	}
}

// bypassed returns until when the group is bypassed; zero: it is not.
func (g *groups) bypassed(group string) time.Time {
	if !g.some.Load() {
		return time.Time{}
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	until := g.until[group]
	if g.all.After(until) {
		until = g.all
	}
	if !time.Now().Before(until) {
		return time.Time{}
	}
	return until
}

func (g *groups) bypass(group string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if len(g.until) >= maxBypassed {
		g.tidy(now)
	}
	if len(g.until) >= maxBypassed {
		clear(g.until)
		g.all = now.Add(g.span)
	}
	g.until[group] = now.Add(g.span)
	g.some.Store(true)
}

// resume ends a bypass that was there before a bump that the engine has heard
// of. One that has begun since concerns a later write.
func (g *groups) resume(group string, before time.Time) {
	if before.IsZero() {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.until[group].Equal(before) {
		delete(g.until, group)
	}
	g.tidy(time.Now())
}

func (g *groups) tidy(now time.Time) {
	for group, until := range g.until {
		if !now.Before(until) {
			delete(g.until, group)
		}
	}
	g.some.Store(len(g.until) > 0 || now.Before(g.all))
}
