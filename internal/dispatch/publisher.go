package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

// publisher publishes dispatched jobs, each in a goroutine of its own, since a
// queue in this process returns when the job's handler has acknowledged it. What it
// cannot publish it takes back; where the store cannot be told, the job's time runs
// out.
type publisher struct {
	store  Store
	queue  Queue
	cfg    Config
	log    *slog.Logger
	target *backoff.Outage
	ended  chan struct{} // of capacity 1: a slot of the window is free
	busy   sync.WaitGroup

	mu       sync.Mutex
	underWay int
	refused  map[int64]int // refusals in a row, by image
	outage   int           // failures in a row of the queue as a whole
	epoch    int           // changes with outage: what began in the same one fails together, and counts once
	paused   time.Time     // nothing is published before
}

// maxRefused bounds the memory for refusals. Beyond it their waits begin again
// at the lowest.
const maxRefused = 10_000

func newPublisher(store Store, q Queue, cfg Config, log *slog.Logger) *publisher {
	return &publisher{
		store: store, queue: q, cfg: cfg, log: log, target: newOutage(log),
		ended: make(chan struct{}, 1), refused: map[int64]int{},
	}
}

func newOutage(log *slog.Logger) *backoff.Outage {
	return backoff.NewOutage(log, "dispatch is held up", "dispatch goes on")
}

// free returns how many jobs may be published now. While the queue is
// unavailable it is one after each pause.
func (p *publisher) free() (count int, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pause = time.Until(p.paused); pause > 0 {
		return 0, pause
	}
	count = max(0, max(p.queue.Window(), 1)-p.underWay)
	if p.outage > 0 {
		count = min(count, max(0, 1-p.underWay))
	}
	return count, 0
}

// publish begins to publish the jobs. ctx is the dispatcher's; publishing ends
// when the time to drain after it is over.
func (p *publisher) publish(ctx, publishing context.Context, jobs []media.Job) {
	p.mu.Lock()
	p.underWay += len(jobs)
	epoch := p.epoch
	p.mu.Unlock()
	for _, j := range jobs {
		p.busy.Go(func() {
			err := ctx.Err()
			if err == nil {
				err = p.send(publishing, j)
			}
			p.finish(ctx, j, epoch, err)
		})
	}
}

// drain returns when nothing is being published any more.
func (p *publisher) drain() { p.busy.Wait() }

// send makes an error of a panic, so that one job cannot stop the others.
func (p *publisher) send(ctx context.Context, j media.Job) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("publish panicked: %v\n%s", r, debug.Stack())
		}
	}()
	err = p.queue.Publish(ctx, queue.Message{ID: strconv.FormatInt(j.ImageID, 10), Body: j.Encode()})
	if err == nil {
		failpoint.Crash(failpoint.Published)
	}
	return err
}

// finish takes back what was not published. What fails after ctx is done may
// have failed by the stop.
func (p *publisher) finish(ctx context.Context, j media.Job, epoch int, err error) {
	switch {
	case err == nil:
		p.done(j)
		p.target.Succeeded(ctx)
	case ctx.Err() != nil:
		p.log.InfoContext(ctx, "publishing ended by the stop", "image", j.ImageID, "error", err)
		p.takeBack(ctx, j, 0)
	case fault.KindOf(err) == fault.Unavailable:
		if p.unavailable(epoch) {
			p.target.Failed(ctx, "queue", err)
		}
		p.takeBack(ctx, j, 0)
	default:
		delay := p.refuse(j)
		p.log.WarnContext(ctx, "job not published", "image", j.ImageID, "delay", delay, "error", err)
		p.takeBack(ctx, j, delay)
	}
	p.mu.Lock()
	p.underWay--
	p.mu.Unlock()
	select {
	case p.ended <- struct{}{}:
	default:
	}
}

// takeBack returns the job to the store, unless it was begun.
func (p *publisher) takeBack(ctx context.Context, j media.Job, delay time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.StoreTimeout)
	defer cancel()
	if err := p.store.ReturnJobs(ctx, []media.Job{j}, delay); err != nil {
		p.log.WarnContext(ctx, "job not taken back: it is due again when its time has run out", "image", j.ImageID, "error", err)
	}
}

// done notes a job that was published.
func (p *publisher) done(j media.Job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.refused, j.ImageID)
	if p.outage > 0 {
		p.outage, p.paused = 0, time.Time{}
		p.epoch++
	}
}

// refuse notes a job that failed by its own fault and returns the wait until the
// next try.
func (p *publisher) refuse(j media.Job) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.refused) >= maxRefused {
		clear(p.refused)
	}
	p.refused[j.ImageID]++
	return backoff.Spread(backoff.Delay(p.refused[j.ImageID], p.cfg.RetryMin, p.cfg.RetryMax))
}

// unavailable notes that the queue is, and reports whether it is the first to.
func (p *publisher) unavailable(epoch int) (first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if epoch != p.epoch {
		return false
	}
	p.epoch++
	p.outage++
	p.paused = time.Now().Add(backoff.Spread(backoff.Delay(p.outage, p.cfg.RetryMin, p.cfg.PauseMax)))
	return true
}
