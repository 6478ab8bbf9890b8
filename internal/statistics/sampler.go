package statistics

import (
	"context"
	"time"

	"vitrine.dev/internal/dispatch"
)

// Sampler keeps one sample a minute of what waits. It is for one goroutine.
type Sampler struct {
	store Store
	last  time.Time // the minute of the last sample
}

// NewSampler returns a Sampler that has taken none.
func NewSampler(store Store) *Sampler { return &Sampler{store: store} }

// Sampled keeps what is seen, where it is the first in its minute.
func (s *Sampler) Sampled(ctx context.Context, o dispatch.Overview) error {
	minute := o.At.Truncate(Length)
	if minute.Equal(s.last) {
		return nil
	}
	seen := Sample{InFlight: o.InFlight}
	seen.Waiting, seen.More, seen.Oldest = o.Waiting()
	if err := s.store.AddSample(ctx, minute, seen); err != nil {
		return err
	}
	s.last = minute
	return nil
}
