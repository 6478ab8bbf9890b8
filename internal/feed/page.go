package feed

import (
	"cmp"
	"context"
	"time"

	"vitrine.dev/internal/events"
)

// Page is a part of what the client is shown.
type Page struct {
	Events []events.Event
	Next   events.PublicID // where to go on
	More   bool            // whether there is more to look at now
	Waited bool            // whether it was waited for events, as far as there were none
}

// Page returns what follows the position. Where there is nothing it waits, if the query asks for
// that and not too many wait already. A page may have no events and More: the log was looked
// at as far as one request does. ErrGone; fault.Invalid; fault.Unavailable.
func (f *Feed) Page(ctx context.Context, q Query) (Page, error) {
	at, err := f.begin(ctx, q, Oldest)
	if err != nil {
		return Page{}, err
	}
	p := Page{}
	var until <-chan time.Time
	if q.Wait > 0 {
		if seat, err := f.waits.TryTake(0, 1); err == nil {
			defer seat.Free()
			p.Waited, until = true, time.After(q.Wait)
		}
	}
	for {
		p.Events, p.More, err = f.read(ctx, &at, cmp.Or(q.Limit, DefaultLimit))
		if err != nil {
			return Page{}, err
		}
		if len(p.Events) > 0 || p.More || !p.Waited || !f.wait(ctx, at.position, until) {
			p.Next = at.id()
			return p, nil
		}
	}
}
