package hostgate

import (
	"container/list"
	"context"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
)

// Config bounds what the hosts may take of a worker.
type Config struct {
	Slots     int           // jobs that the worker does at once; those of doubtful hosts get half
	HostLimit int           // fetches at once from one host
	Threshold int           // failures in a row that open a host's breaker
	OpenMin   time.Duration // how long it stays open at first; doubles with each failed probe
	OpenMax   time.Duration // at most
	AliveMax  time.Duration // at most while the host answers others
	Hosts     int           // hosts to be remembered
}

// DefaultConfig is for so many jobs at once.
func DefaultConfig(slots int) Config {
	return Config{
		Slots: slots, HostLimit: max(slots*3/4, 1), Threshold: 5,
		OpenMin: 5 * time.Second, OpenMax: 5 * time.Minute, AliveMax: 15 * time.Second, Hosts: 4096,
	}
}

// Gate decides, before a job is begun, whether its host may be asked now. It
// remembers by host, in memory, each process for itself: what matters is that no
// host takes all slots, not that all processes agree. It is safe for concurrent
// use.
type Gate struct {
	cfg Config
	log *slog.Logger

	mu       sync.Mutex
	hosts    map[string]*list.Element // of *host
	recent   *list.List               // most recently used first
	doubtful int                      // slots held for hosts that have not proven themselves
}

// New returns a Gate that knows no host yet.
func New(cfg Config, log *slog.Logger) *Gate {
	return &Gate{cfg: cfg, log: log, hosts: map[string]*list.Element{}, recent: list.New()}
}

// Refusal says why and for how long a job has to wait.
type Refusal struct {
	Delay  time.Duration
	Last   *fault.Failure // of the host, when it fails; nil where it is only busy
	Silent time.Duration  // for how long the host has failed and answered no one
}

// Slot is the right to fetch from a host. Its holder releases it once.
type Slot struct {
	gate     *Gate
	host     *host
	doubtful bool
	since    time.Time
	returned bool
}

// Acquire asks for a slot of the host, for an image that has been tried before or
// not. Exactly one of the results is nil.
func (g *Gate) Acquire(name string, tried bool) (*Slot, *Refusal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h, now := g.lookUp(name), time.Now()
	doubtful := !h.proven || h.streak > 0
	if h.active >= h.limit(g.cfg) || now.Before(h.openUntil) || h.leavesProbe(g.cfg, tried, now) ||
		(doubtful && g.doubtful >= max(g.cfg.Slots/2, 1)) {
		h.waiting++
		if !tried {
			h.untried++
		}
		return nil, &Refusal{Delay: h.delay(g.cfg, now), Last: h.last, Silent: h.silent()}
	}
	if !tried {
		h.untried = max(h.untried-1, 0)
	}
	h.active++
	h.waiting = max(h.waiting-1, 0)
	if doubtful {
		g.doubtful++
	}
	return &Slot{gate: g, host: h, doubtful: doubtful, since: now}, nil
}

// Release returns the slot with the outcome of the fetch of the URL. Only the
// first call counts, so that one in a defer can be for whatever else may happen:
// an error that is no *fault.Failure does not count for the host.
func (s *Slot) Release(ctx context.Context, url string, err error) {
	if s.returned {
		return
	}
	s.returned = true
	g, h := s.gate, s.host
	g.mu.Lock()
	defer g.mu.Unlock()
	h.active--
	if s.doubtful {
		g.doubtful--
	}
	failure, failed := fault.FailureOf(err)
	switch {
	case err != nil && !failed:
	case failed && failure.Blame != fault.BlameURL &&
		(failure.Reason == fault.SourceTimeout || failure.Reason == fault.SourceUnreachable):
		h.took(time.Since(s.since))
		if h.failed(g.cfg, url, failure) {
			g.log.WarnContext(ctx, "host breaker opened", "host", h.name, "failures", h.streak,
				"reason", failure.Reason, "duration", time.Until(h.openUntil).Round(time.Millisecond))
		}
	default: // the host answered
		h.took(time.Since(s.since))
		if h.answered(g.cfg, url) {
			g.log.InfoContext(ctx, "host breaker closed", "host", h.name)
		}
	}
}

// lookUp returns what is remembered of the host, and forgets the one that was
// not asked for the longest time and has no slot in use.
func (g *Gate) lookUp(name string) *host {
	if e, known := g.hosts[name]; known {
		g.recent.MoveToFront(e)
		return e.Value.(*host) //nolint:forcetypeassert // the list holds nothing else
	}
	for e := g.recent.Back(); e != nil && len(g.hosts) >= g.cfg.Hosts; {
		previous := e.Prev()
		if old := e.Value.(*host); old.active == 0 { //nolint:forcetypeassert // as above
			delete(g.hosts, old.name)
			g.recent.Remove(e)
		}
		e = previous
	}
	h := &host{name: name}
	g.hosts[name] = g.recent.PushFront(h)
	return h
}
