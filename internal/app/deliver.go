package app

import (
	"context"
	"strconv"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/outbox"
	"vitrine.dev/internal/queue"
)

// deliverJob publishes an image job to the queue.
func (p *process) deliverJob(ctx context.Context, m outbox.Message) error {
	failpoint.Crash(failpoint.Publishing)
	err := p.queue.Publish(ctx, queue.Message{ID: strconv.FormatInt(m.ID, 10), Body: m.Body})
	if err == nil {
		failpoint.Crash(failpoint.Published)
	}
	return err
}

// roomForJobs keeps the queue short: which job is next is decided in the
// outbox, where users take turns, while a broker delivers first in, first out.
func (p *process) roomForJobs(ctx context.Context) (int, error) {
	depth, err := p.queue.Depth(ctx, queue.Work)
	return p.cfg.QueueDepth - depth.Ready, err
}

// addEvents reads the log of events for the cache, where there is one, and
// removes what is old.
func (p *process) addEvents() {
	retention := events.DefaultRetentionConfig()
	retention.Age, retention.Count = p.cfg.EventRetention, p.cfg.EventMaxCount
	p.tasks = append(p.tasks, task{name: "event retention", run: events.NewRetention(p.store, retention, p.log).Run})
	p.horizon = events.NewHorizon(p.store, events.DefaultHorizonConfig(), p.log)
	if !p.cache.Enabled() {
		return
	}
	reading := events.DefaultReaderConfig()
	reading.Drain = p.cfg.DrainTimeout
	reader := events.NewReader(catalog.CacheReader, p.horizon, p.store, p.repeatInvalidations, reading, p.log)
	p.tasks = append(p.tasks, task{name: "event reader", run: reader.Run})
}

// repeatInvalidations invalidates the cache, also where the process that made
// the change ended before it could.
func (p *process) repeatInvalidations(ctx context.Context, page events.Page) (int, error) {
	done, err := p.views.Repeat(ctx, page)
	if err == nil {
		failpoint.Crash(failpoint.Invalidated)
	}
	return done, err
}
