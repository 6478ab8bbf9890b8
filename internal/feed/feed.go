package feed

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/progress"
	"vitrine.dev/internal/seats"
)

// Log is what a Feed needs of the database, beside the horizon.
type Log interface {
	// Mark is that of events.Log.
	Mark(ctx context.Context, past int64) (events.Mark, error)
	// ScanEvents is events.Log's Read of those events that the selection has.
	ScanEvents(ctx context.Context, selected events.Selection, after, to int64, limit int) (events.Page, error)
}

const (
	// scanIDs is how many ids of the log one statement looks at, which bounds its time whatever
	// it finds.
	scanIDs = 100_000
	// scansAtOnce is how many such statements a process has under way, so that clients who
	// read a long history leave connections to others.
	scansAtOnce = 2
	// reader names the tail that all streams of a process share.
	reader = "feed"
)

// Feed is safe for concurrent use.
type Feed struct {
	horizon *events.Horizon
	log     Log
	epoch   func() string
	logger  *slog.Logger
	recent  *recent
	scans   chan struct{} // holds an element for each statement
	waits   *seats.Seats  // pages that are waited for
	streams *seats.Seats  // which are open, by whose key opened them
	ended   chan struct{} // closed when Run has ended
	once    sync.Once
}

// New returns a Feed of the log that the horizon is of. epoch is the installation's, "" while it
// is not known.
func New(horizon *events.Horizon, log Log, epoch func() string, logger *slog.Logger) *Feed {
	return &Feed{
		horizon: horizon, log: log, epoch: epoch, logger: logger,
		recent: newRecent(), scans: make(chan struct{}, scansAtOnce), ended: make(chan struct{}),
		waits: seats.New(progress.MostWaiting, progress.MostWaiting), streams: seats.New(MaxStreams, MaxStreamsOfUser),
	}
}

// Run reads the log until ctx is done, which ends the waits and the streams. Without it no one
// learns of new events but by asking again.
func (f *Feed) Run(ctx context.Context) error {
	defer f.once.Do(func() { close(f.ended) })
	outage := backoff.NewOutage(f.logger, "streams of events stand still", "streams of events go on")
	var tail *events.Tail
	open := func(ctx context.Context) (next events.Next, err error) {
		tail, err = f.horizon.NamedTail(ctx, reader)
		return tail, err
	}
	return events.Follow(ctx, open, outage, func() { f.recent.open(tail.Position()) }, func(b events.Batch) {
		if b.Skipped > 0 {
			f.recent.open(tail.Position())
			return
		}
		f.recent.add(b.Events, tail.Position())
	})
}

// place is where a client is in the log, and what it is shown.
type place struct {
	selected events.Selection
	epoch    string
	position int64 // everything up to there was looked at
	oldest   bool  // nothing was read yet: what is removed meanwhile was not asked for
}

func (p place) id() events.PublicID { return events.PublicID{Epoch: p.epoch, Position: p.position} }

// begin returns where the query begins, by default at byDefault. ErrGone; fault.Invalid;
// fault.Unavailable.
func (f *Feed) begin(ctx context.Context, q Query, byDefault string) (at place, err error) {
	selected, id, err := q.checked()
	if err != nil {
		return at, err
	}
	at = place{selected: selected, epoch: f.epoch()}
	switch {
	case at.epoch == "":
		return at, fault.New(fault.Unavailable, "the database is not available")
	case id != nil:
		at.position = id.Position
		return at, f.checkID(ctx, *id, at.epoch)
	case q.After == Latest || q.After == "" && byDefault == Latest:
		at.position, err = f.end(ctx)
		return at, err
	default:
		at.oldest = true
		at.position, err = f.removedTo(ctx)
		return at, err
	}
}

// removedTo is the end of what was removed of the log.
func (f *Feed) removedTo(ctx context.Context) (int64, error) {
	front, err := f.log.ScanEvents(ctx, events.Selection{Types: events.Types()}, 0, 0, 1)
	return front.RemovedTo, err
}

// checkID refuses a position of another epoch, one whose next events were removed, and one that no
// event has had.
func (f *Feed) checkID(ctx context.Context, id events.PublicID, epoch string) error {
	if id.Epoch != epoch {
		return ErrGone
	}
	if _, _, here := f.recent.after(id.Position); here {
		return nil
	}
	m, err := f.log.Mark(ctx, id.Position)
	if err != nil {
		return err
	}
	if id.Position > m.To {
		return fault.InvalidParameter(FieldAfter, "is not the id of an event yet")
	}
	removed, err := f.removedTo(ctx)
	if err == nil && removed > id.Position {
		err = ErrGone
	}
	return err
}

// end is how far the log is complete.
func (f *Feed) end(ctx context.Context) (int64, error) {
	if to, known, _ := f.recent.end(); known {
		return to, nil
	}
	return f.horizon.Now(ctx)
}

// read returns at most limit events that follow the place, which goes on behind them, and whether
// there is more to look at now. Where it returns no events there may still be some. ErrGone;
// fault.Unavailable; the cause of ctx's end.
func (f *Feed) read(ctx context.Context, at *place, limit int) (list []events.Event, more bool, err error) {
	if following, to, here := f.recent.after(at.position); here {
		at.oldest = false
		for _, e := range following {
			if len(list) == limit {
				return list, true, nil
			}
			if at.position = e.ID; at.selected.Has(e) {
				list = append(list, e)
			}
		}
		at.position = to
		return list, false, nil
	}
	to, err := f.end(ctx)
	if err != nil {
		return nil, false, err
	}
	if to <= at.position { // another process is ahead of this one
		return nil, false, nil
	}
	return f.scan(ctx, at, to, limit)
}

// scan is read from the database, up to an id.
func (f *Feed) scan(ctx context.Context, at *place, to int64, limit int) (list []events.Event, more bool, err error) {
	select {
	case f.scans <- struct{}{}:
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	}
	defer func() { <-f.scans }()
	until := min(to, at.position+scanIDs)
	page, err := f.log.ScanEvents(ctx, at.selected, at.position, until, limit)
	switch {
	case err != nil:
		return nil, false, err
	case page.RemovedTo > at.position && !at.oldest:
		return nil, false, ErrGone
	case len(page.Events) == limit:
		until = page.Events[limit-1].ID
	}
	at.position, at.oldest = max(until, page.RemovedTo), false
	return page.Events, at.position < to, nil
}

// wait returns when there may be more to read, and false where no one should wait any more: ctx is
// done, the process is about to end, or the time is over.
func (f *Feed) wait(ctx context.Context, position int64, until <-chan time.Time) bool {
	for {
		to, _, changed := f.recent.end()
		if to > position {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		case <-f.ended:
			return false
		case <-until:
			return false
		}
	}
}
