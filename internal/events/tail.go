package events

import (
	"context"

	"vitrine.dev/internal/fault"
)

// tailBatch is how many events a Tail returns at once at most.
const tailBatch = 500

// Tail reads the log from a position that it keeps in memory: every process
// and every client may have its own. It is for one goroutine.
type Tail struct {
	horizon  *Horizon
	position int64
	wake     <-chan struct{}
	lag      *lag // nil: it has no name
}

// Batch is what a Tail has read.
type Batch struct {
	Events []Event // may be none where Skipped is not 0
	// Skipped is not 0 where the log was cut beyond the position: so many ids are
	// missing before the events, most of them of events.
	Skipped int64
}

// Tail returns one that reads what is committed after the return. Whoever
// waits for something opens it first and looks then. The Tail ends with ctx.
// fault.Unavailable.
func (h *Horizon) Tail(ctx context.Context) (*Tail, error) {
	wake := h.log.Wake(ctx)
	now, err := h.Now(ctx)
	if err != nil {
		return nil, err
	}
	return &Tail{horizon: h, position: now, wake: wake}, nil
}

// NamedTail is Tail for a reader of this process, of which Lags tells under the name.
func (h *Horizon) NamedTail(ctx context.Context, name string) (*Tail, error) {
	t, err := h.Tail(ctx)
	if err == nil {
		t.lag = h.lags.begin(ctx, name)
	}
	return t, err
}

// TailAfter returns one that reads what follows the id, from 0 for the oldest
// event. fault.Invalid where no event has had that id yet; fault.Unavailable.
func (h *Horizon) TailAfter(ctx context.Context, id int64) (*Tail, error) {
	if id > h.Complete() {
		m, err := h.log.Mark(ctx, id)
		if err != nil {
			return nil, err
		}
		if id > m.To {
			return nil, fault.New(fault.Invalid, "there is no event of this id yet")
		}
	}
	if id < 0 {
		return nil, fault.New(fault.Invalid, "the id of an event is not negative")
	}
	return &Tail{horizon: h, position: id, wake: h.log.Wake(ctx)}, nil
}

// Position returns the id of the last event that Next returned, or one behind
// it before which there is no other.
func (t *Tail) Position() int64 { return t.position }

// Next waits for events and returns those that follow, by ascending id. After
// an error it can be called again. fault.Unavailable; the cause of ctx's end.
func (t *Tail) Next(ctx context.Context) (Batch, error) {
	t.lag.caughtUp()
	for {
		to, err := t.horizon.Beyond(ctx, t.position, t.wake)
		if err != nil {
			t.lag.failed(ctx)
			return Batch{}, err
		}
		page, err := t.horizon.log.Read(ctx, t.position, to, tailBatch)
		if err != nil {
			t.lag.failed(ctx)
			return Batch{}, err
		}
		t.lag.found(page)
		b := Batch{Events: page.Events, Skipped: max(0, page.RemovedTo-t.position)}
		t.position = page.end(max(to, page.RemovedTo), tailBatch)
		if len(b.Events) > 0 || b.Skipped > 0 {
			return b, nil
		}
	}
}

// end is the position behind the page of at most limit events up to to.
func (p Page) end(to int64, limit int) int64 {
	if len(p.Events) == limit {
		return p.Events[limit-1].ID
	}
	return to
}
