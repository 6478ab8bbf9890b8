package statistics

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
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
	log    *slog.Logger
	last   time.Time // since when the counts are of what has happened; Run's

	mu   sync.Mutex
	seen counted // what is not written
}

// counted is what was counted since some moment.
type counted struct {
	Counts

	cells map[Cell]int64 // by cells without their Fetches
	left  int64          // fetches for which there was no room in cells
}

func (c *counted) addFetches(cell Cell) {
	n := cell.Fetches
	cell.Fetches = 0
	if c.cells == nil {
		c.cells = map[Cell]int64{}
	}
	if _, known := c.cells[cell]; !known && len(c.cells) >= CellsMost {
		c.left += n
		return
	}
	c.cells[cell] += n
}

// list has the cells in their order, so that processes which write the same ones wait for one another in turn.
func (c *counted) list() []Cell {
	cells := make([]Cell, 0, len(c.cells))
	for cell, n := range c.cells {
		cell.Fetches = n
		cells = append(cells, cell)
	}
	slices.SortFunc(cells, func(a, b Cell) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Class, b.Class)) })
	return cells
}

var _ media.Observer = (*Recorder)(nil)

// NewRecorder returns a Recorder; its Run writes.
func NewRecorder(store Store, log *slog.Logger) *Recorder {
	return &Recorder{store: store, log: log, outage: backoff.NewOutage(log, "minute statistics are held up", "minute statistics go on")}
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
	cell, fetched := cellOf(a)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.Counts = r.seen.plus(c)
	if fetched {
		r.seen.addFetches(cell)
	}
}

// take returns what is not written yet, and counts from nothing.
func (r *Recorder) take() counted {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.seen
	r.seen = counted{}
	return c
}

// putBack has what could not be written count with what comes.
func (r *Recorder) putBack(c counted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.Counts, r.seen.left = r.seen.plus(c.Counts), r.seen.left+c.left
	for _, cell := range c.list() {
		r.seen.addFetches(cell)
	}
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
	if c.Counts == (Counts{}) && len(c.cells) == 0 {
		r.last = time.Now()
		return Length
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now, err := r.store.Add(ctx, c.Counts, c.list(), since/2)
	if err != nil {
		r.putBack(c)
		r.outage.Failed(ctx, "database", err)
		return Length
	}
	if c.left > 0 {
		r.log.WarnContext(ctx, "fetches are left out of the statistics of hosts: there are too many hosts", "fetches", c.left, "limit", CellsMost)
	}
	r.outage.Succeeded(ctx)
	r.last = time.Now()
	return now.Truncate(Length).Add(Length + margin).Sub(now)
}
