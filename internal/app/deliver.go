package app

import (
	"context"
	"encoding/json"
	"strconv"

	"vitrine.dev/internal/catalog"
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

// deliverChange invalidates the cache, also where the process that made the
// change ended before it could.
func (p *process) deliverChange(ctx context.Context, m outbox.Message) error {
	var c catalog.Changed
	if err := json.Unmarshal(m.Body, &c); err != nil {
		p.log.ErrorContext(ctx, "unreadable change dropped", "message", m.ID, "error", err)
		return nil
	}
	err := p.views.Invalidate(ctx, c)
	if err == nil {
		failpoint.Crash(failpoint.Invalidated)
	}
	return err
}
