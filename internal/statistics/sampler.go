package statistics

import (
	"context"
	"log/slog"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/dispatch"
)

// Sampler keeps one sample a minute of what waits. It is for one goroutine.
type Sampler struct {
	store  Store
	outage *backoff.Outage
	last   time.Time // the minute of the last sample
}

// NewSampler returns a Sampler that has taken none.
func NewSampler(store Store, log *slog.Logger) *Sampler {
	return &Sampler{store: store, outage: backoff.NewOutage(log, "samples of what waits are held up", "samples of what waits go on")}
}

// Sampled keeps what is seen, where it is the first in its minute of which that succeeds.
func (s *Sampler) Sampled(ctx context.Context, o dispatch.Overview) {
	minute := o.At.Truncate(Length)
	if minute.Equal(s.last) {
		return
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	seen := Sample{InFlight: o.InFlight}
	seen.Waiting, seen.More, seen.Oldest = o.Waiting()
	if err := s.store.AddSample(call, minute, seen); err != nil {
		if ctx.Err() == nil {
			s.outage.Failed(ctx, "database", err)
		}
		return
	}
	s.outage.Succeeded(ctx)
	s.last = minute
}
