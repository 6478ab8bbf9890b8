package statistics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/media"
)

const (
	callTimeout = 5 * time.Second // of one call of the store
	// margin is how long after the end of a minute its counts are written, so that a timer that is early
	// leaves no part of them for later. What ends in that time is counted with them.
	margin = time.Second
)

// Recorder counts the attempts of this process, and writes the counts once a minute, where there are some.
// It implements media.Observer.
type Recorder struct {
	store  Store
	outage *backoff.Outage
	last   time.Time // since when the counts are of what has happened; Run's

	mu     sync.Mutex
	counts Counts // that are not written
}

var _ media.Observer = (*Recorder)(nil)

// NewRecorder returns a Recorder; its Run writes.
func NewRecorder(store Store, log *slog.Logger) *Recorder {
	return &Recorder{store: store, outage: backoff.NewOutage(log, "minute statistics are held up", "minute statistics go on")}
}

// Attempted implements media.Observer.
func (r *Recorder) Attempted(_ context.Context, a media.Attempted) {
	var c Counts
	switch a.Outcome {
	case media.OutcomeReady:
		c.Ready = 1
	case media.OutcomeRetried:
		c.Retried = 1
	case media.OutcomeFailed:
		c.Failed = 1
	case media.OutcomeUnchanged, media.OutcomeSuperseded, media.OutcomeInterrupted:
	}
	for _, s := range a.Steps {
		switch s.Name {
		case media.StepFetch:
			c.BytesIn += s.BytesIn
		case media.StepStore:
			if s.Err == nil {
				c.BytesOut += s.BytesOut
			}
		case media.StepRender, media.StepComplete:
		}
	}
	r.add(c)
}

func (r *Recorder) add(c Counts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = r.counts.plus(c)
}

// take returns what is not written yet, and counts from nothing.
func (r *Recorder) take() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	r.counts = Counts{}
	return c
}

// Run writes until ctx is done, and then what is left.
func (r *Recorder) Run(ctx context.Context) error {
	r.last = time.Now()
	for wait := Length; backoff.Sleep(ctx, wait) == nil; {
		wait = r.write(ctx)
	}
	r.write(context.WithoutCancel(ctx))
	return nil
}

// write writes what there is, to the minute in the middle of the time that it is of, and returns after how long it is to do so
// again: when a minute of the database has ended, once its clock is known. What cannot be written is
// written with the next minute.
func (r *Recorder) write(ctx context.Context) (wait time.Duration) {
	c, since := r.take(), time.Since(r.last)
	if c == (Counts{}) {
		r.last = time.Now()
		return Length
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now, err := r.store.AddCounts(ctx, c, since/2)
	if err != nil {
		r.add(c)
		r.outage.Failed(ctx, "database", err)
		return Length
	}
	r.outage.Succeeded(ctx)
	r.last = time.Now()
	return now.Truncate(Length).Add(Length + margin).Sub(now)
}
