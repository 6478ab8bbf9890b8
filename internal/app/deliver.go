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

// deliverJob hands an image job to the queue.
func (p *process) deliverJob(ctx context.Context, m outbox.Message) error {
	failpoint.Crash(failpoint.Publishing)
	err := p.queue.Publish(ctx, queue.Message{ID: strconv.FormatInt(m.ID, 10), Body: m.Body})
	if err == nil {
		failpoint.Crash(failpoint.Published)
	}
	return err
}

// roomForJobs keeps the queue before the workers short: who comes next is
// decided in the outbox, where users take turns, and a broker only knows who
// came first.
func (p *process) roomForJobs(ctx context.Context) (int, error) {
	depth, err := p.queue.Depth(ctx, queue.Work)
	return p.cfg.QueueDepth - depth.Ready, err
}

// deliverChange makes sure that the cache has heard of a change, also where the
// process that made it died before it could say so.
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
