package webhook

import (
	"context"
	"maps"
	"slices"
	"time"

	"vitrine.dev/internal/events"
)

// The window of an endpoint.
const (
	mostQueued = 50   // events that are read before they are sent
	span       = 5000 // ids that one look at the log passes
)

// restore queues what was outstanding when another process, or this one, ended.
func (w *worker) restore(ctx context.Context) bool {
	ids := w.endpoint().Outstanding
	if len(ids) == 0 || len(w.outstanding) > 0 {
		return true
	}
	list, err := w.r.Outbox.EventsOf(ctx, ids)
	if err != nil {
		w.pause(err)
		w.wake()
		return false
	}
	if lost := len(ids) - len(list); lost > 0 {
		w.log.WarnContext(ctx, "webhook: events were removed before they were delivered", "events", lost)
	}
	if err := w.enqueue(ctx, list); err != nil {
		w.pause(err)
		w.wake()
		return false
	}
	w.moved = true
	return true
}

// fill reads what is to be sent next.
func (w *worker) fill(ctx context.Context) {
	if len(w.queue) > 0 || !w.resume.IsZero() || len(w.ended) >= mostUnwritten {
		return
	}
	c := w.endpoint()
	if c.Due {
		w.fillDue(ctx, c.ID)
	}
	if w.again.Empty() && !c.Again.Empty() {
		w.moved = true // recording tells what was asked for
	}
	if !w.again.Empty() {
		w.again.After = w.readLog(ctx, w.again.After, w.again.Until)
		w.moved = true
	}
	may, none := w.r.toRead(w)
	if !may {
		if none > w.head {
			w.head = none
			w.moved = w.moved || time.Since(w.written) >= w.r.cfg.Idle
		}
		return
	}
	end := w.r.Horizon.Complete()
	if w.head < end {
		w.head = w.readLog(ctx, w.head, end)
	}
	if w.head < end {
		w.r.readAgain(w)
		w.wake()
	}
}

func (w *worker) fillDue(ctx context.Context, id int64) {
	list, err := w.r.Outbox.DueDeliveries(ctx, id, slices.Collect(maps.Keys(w.rows)), mostQueued)
	if err != nil {
		w.pause(err)
		return
	}
	for _, d := range list {
		if d.EventID != 0 && w.outstanding[d.EventID] { // the event itself is under way
			continue
		}
		w.rows[d.ID] = true
		if d.EventID != 0 {
			w.outstanding[d.EventID] = true
		}
		w.queue = append(w.queue, d)
	}
}

// readLog queues the next events behind the position, and returns how far it has read.
func (w *worker) readLog(ctx context.Context, after, end int64) int64 {
	c, to := w.endpoint(), min(end, after+span)
	page, err := w.r.Outbox.ScanEvents(ctx, events.Selection{User: w.user, Types: c.wanted()}, after, to, mostQueued)
	if err == nil {
		err = w.enqueue(ctx, page.Events)
	}
	if err != nil {
		w.pause(err)
		return after
	}
	if page.RemovedTo > after {
		w.log.WarnContext(ctx, "webhook was overtaken by the retention of events: these are skipped", "position", after, "oldest", page.RemovedTo+1)
		to = max(to, min(page.RemovedTo, end))
	}
	w.moved = w.moved || len(page.Events) > 0
	if len(page.Events) == mostQueued {
		return page.Events[mostQueued-1].ID
	}
	return to
}

// enqueue queues all of the events, or none where there is an error.
func (w *worker) enqueue(ctx context.Context, list []events.Event) error {
	if len(list) == 0 {
		return nil
	}
	epoch, err := w.r.Epoch(ctx)
	if err != nil {
		return err
	}
	for _, e := range list {
		if w.outstanding[e.ID] {
			continue
		}
		m := messageOf(e, epoch)
		body, err := m.Encode()
		if err != nil {
			w.log.ErrorContext(ctx, "webhook: an event cannot be sent", "event", e.ID, "error", err)
			continue
		}
		w.outstanding[e.ID] = true
		w.queue = append(w.queue, Delivery{WebhookID: w.endpoint().ID, EventID: e.ID, MessageID: m.ID, Type: e.Type, State: Waiting, Body: body})
	}
	return nil
}
