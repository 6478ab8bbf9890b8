package media

import (
	"context"
	"log/slog"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
)

// SweeperConfig says how often the sweep runs and what it repairs.
type SweeperConfig struct {
	Interval time.Duration
	Policy   Policy
	Batch    int
}

// DefaultSweeperConfig looks every five seconds.
func DefaultSweeperConfig() SweeperConfig {
	return SweeperConfig{Interval: 5 * time.Second, Policy: DefaultPolicy(), Batch: 500}
}

// Sweeper recovers the images of workers that died. Any number of sweepers may
// run at once.
type Sweeper struct {
	store    Store
	announce catalog.Announcer
	observer Observer
	cfg      SweeperConfig
	log      *slog.Logger

	forgot      time.Time // when hosts were last forgotten
	unavailable bool      // the database was, when last asked
	keepUntil   time.Time // after an outage: leases that ran out during it may still be renewed
}

// afterOutage is for how long after an outage of the database no lease is taken
// from anyone: workers that could not renew theirs do so within lastPause of
// its return, and have lost nothing.
const afterOutage = 3 * lastPause

// NewSweeper returns a Sweeper. observer is told of the attempts that are lost; nil for no one.
func NewSweeper(store Store, announce catalog.Announcer, observer Observer, cfg SweeperConfig, log *slog.Logger) *Sweeper {
	return &Sweeper{store: store, announce: announce, observer: observer, cfg: cfg, log: log}
}

// Run sweeps until ctx is done.
func (s *Sweeper) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Interval)
	defer tick.Stop()
	for {
		for s.sweep(ctx) {
		}
		s.sweepHosts(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Lost is why an attempt ended whose worker fell silent.
func Lost() *fault.Failure {
	return fault.Fail(fault.WorkerLost, "The worker stopped while it worked on the image.", nil)
}

// AnnounceLost announces the products of the attempts; of none it announces nothing.
func AnnounceLost(ctx context.Context, announce catalog.Announcer, lost []LostAttempt) {
	if len(lost) == 0 {
		return
	}
	changed := make([]catalog.Changed, len(lost))
	for i, l := range lost {
		changed[i] = l.Changed
	}
	announce.Announce(ctx, changed...)
}

// ended tells the observer.
func (l LostAttempt) ended(ctx context.Context, observer Observer, f *fault.Failure) {
	if observer != nil {
		observer.Attempted(ctx, Attempted{Outcome: l.Outcome, Failure: f})
	}
}

// sweep recovers one batch and reports whether there may be more.
func (s *Sweeper) sweep(ctx context.Context) bool {
	lost := Lost()
	swept, err := s.store.Sweep(ctx, SweepPolicy{
		Limit:      s.cfg.Batch,
		KeepLeases: s.unavailable || time.Now().Before(s.keepUntil), Lost: lost, Decide: s.cfg.Policy.Decide(lost),
	})
	s.swept(ctx, swept, lost)
	before := s.unavailable
	s.observe(err)
	if err != nil {
		if ctx.Err() == nil {
			level := slog.LevelWarn
			if before { // an outage is a WARN once
				level = slog.LevelDebug
			}
			s.log.Log(ctx, level, "sweep failed, will be retried", "error", err)
		}
		return false
	}
	return len(swept) >= s.cfg.Batch
}

// swept tells of what a sweep has recovered, which it may have before an error.
func (s *Sweeper) swept(ctx context.Context, swept []LostAttempt, f *fault.Failure) {
	if len(swept) == 0 {
		return
	}
	failpoint.Crash(failpoint.Swept)
	AnnounceLost(ctx, s.announce, swept)
	for _, l := range swept {
		l.ended(ctx, s.observer, f)
	}
	s.log.WarnContext(ctx, "sweep recovered images", "images", len(swept))
}

// levelOf is at which level an error of the store is logged that is tried again: an
// outage of the database is logged by those who watch it.
func levelOf(err error) slog.Level {
	if fault.KindOf(err) == fault.Unavailable {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// observe follows outages of the database.
func (s *Sweeper) observe(err error) {
	switch {
	case fault.KindOf(err) == fault.Unavailable:
		s.unavailable = true
	case err == nil && s.unavailable:
		s.unavailable, s.keepUntil = false, time.Now().Add(afterOutage)
	}
}

const (
	silentAtOnce = 20             // hosts that are looked at in one sweep
	expireAtOnce = 200            // images that fail in one transaction
	hostLife     = 24 * time.Hour // of a host that no one fetches from
	mostHosts    = 50_000
	forgetAtOnce = 1000
	forgetEvery  = time.Minute
)

// sweepHosts fails the images that have waited for as long as an image may for a
// host that has answered no one meanwhile, and forgets hosts that are not used.
func (s *Sweeper) sweepHosts(ctx context.Context) {
	silent, err := s.store.SilentHosts(ctx, s.cfg.Policy.MaxAge, silentAtOnce)
	for _, h := range silent {
		if err == nil {
			err = s.expire(ctx, h)
		}
	}
	if err == nil && time.Since(s.forgot) > forgetEvery {
		s.forgot = time.Now()
		err = s.forget(ctx)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Log(ctx, levelOf(err), "sweep of hosts failed, will be retried", "error", err)
	}
}

// forget forgets all hosts that are not used: names of hosts cost nothing, so there may
// be any number.
func (s *Sweeper) forget(ctx context.Context) error {
	for {
		forgotten, err := s.store.ForgetHosts(ctx, hostLife, mostHosts, forgetAtOnce)
		if err != nil || forgotten < forgetAtOnce {
			return err
		}
	}
}

func (s *Sweeper) expire(ctx context.Context, h SilentHost) error {
	for {
		changed, err := s.store.Expire(ctx, h.Host, s.cfg.Policy.MaxAge, h.Last, expireAtOnce)
		if err != nil || len(changed) == 0 {
			return err
		}
		s.announce.Announce(ctx, changed...)
		s.log.WarnContext(ctx, "images failed, their host answers no one",
			"host", h.Host, "products", len(changed), "reason", h.Last.Reason, "error", h.Last)
	}
}
