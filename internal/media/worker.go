package media

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/requestid"
	"vitrine.dev/internal/tracing"
)

// WorkerConfig bounds the work on one image.
type WorkerConfig struct {
	Policy       Policy
	Preset       Preset        // what is published of every image
	Lease        time.Duration // a worker that is silent for so long has died
	JobTimeout   time.Duration // wall-clock limit of one attempt, without the waits for others
	Memory       int64         // bytes of sources that are rendered or wait for a process; a larger one is alone
	Backlog      int           // images that are downloaded and not done, of all users, from which on a user who has some waits
	BacklogOfAll int           // the same, from which on everyone waits
	Patience     time.Duration // for the answer of a host that has not answered yet to begin, at an image's first attempt
}

// DefaultWorkerConfig gives a lease of a minute and an attempt ten, and is for so many
// downloads and renderings at once.
func DefaultWorkerConfig(downloads, renders int) WorkerConfig {
	backlog := max(leastBacklog, backlogPerRender*renders)
	return WorkerConfig{
		Policy: DefaultPolicy(), Preset: DefaultPreset(false), Lease: time.Minute, JobTimeout: 10 * time.Minute,
		Memory: max(leastMemory, memoryPerRender*int64(renders)), Patience: 10 * time.Second,
		Backlog: backlog, BacklogOfAll: backlog + downloads,
	}
}

// What is downloaded keeps the renderers busy for seconds, and is little to lose
// with a worker.
const (
	leastMemory      = 64 << 20
	memoryPerRender  = 16 << 20
	leastBacklog     = 16
	backlogPerRender = 8
)

// Parts are what a Worker works with.
type Parts struct {
	Store    Store
	Fetcher  Fetcher
	Spool    Spool
	Renderer Renderer
	Blobs    Blobs
	Announce catalog.Announcer
	Observe  Observer        // nil: no one is told of attempts
	Tracer   *tracing.Tracer // nil: attempts have no spans
	Process  string          // its ID
	Log      *slog.Logger
}

// Worker does image jobs. It is safe for concurrent use.
type Worker struct {
	Parts

	cfg     WorkerConfig
	reports *reports
	working atomic.Int64 // jobs that are in work
	fetched *fetchedImages
	backlog room      // of images
	memory  room      // of bytes
	content keyedLock // one rendering at a time of the same content
}

// NewWorker returns a Worker.
func NewWorker(p Parts, cfg WorkerConfig) *Worker {
	return &Worker{
		Parts: p, cfg: cfg, reports: newReports(p.Store, p.Log), fetched: newFetchedImages(cfg.Backlog / 2),
		backlog: room{some: int64(cfg.Backlog), all: int64(cfg.BacklogOfAll)}, memory: room{some: cfg.Memory / 2, all: cfg.Memory},
	}
}

// InFlight returns how many images are in work.
func (w *Worker) InFlight() int { return int(w.working.Load()) }

// Handle does the work of one message; it is a queue.Handler. A failure of the
// image is an outcome, written to the store, and acknowledges the message. An
// error means that the outcome could not be written before ctx ended: the
// message is redelivered, or the sweep finds the image. The message, and with it
// the slot of the consumer, is for the download: it is acknowledged when that has
// ended, and the lease alone stands for what follows.
func (w *Worker) Handle(ctx context.Context, m queue.Message) error {
	job, err := DecodeJob(m.Body)
	if err != nil {
		w.Log.ErrorContext(ctx, "unreadable image job", "message", m.ID, "error", err)
		return err
	}
	w.working.Add(1)
	defer w.working.Add(-1)
	ctx = tracing.With(requestid.With(ctx, job.RequestID), job.Traceparent)
	log := w.Log.With("image", job.ImageID, "product", job.ProductID, "request_id", job.RequestID)

	failpoint.Crash(failpoint.Received)
	claim, err := w.begin(ctx, log, job)
	if fault.KindOf(err) == fault.Conflict {
		log.DebugContext(ctx, "image job has nothing to do", "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	return w.newAttempt(claim, log.With("attempt", claim.Attempt)).run(ctx)
}

// begin claims the image. The attempt is counted here, before any of its bytes
// is touched, so that a file that kills the process is not retried without end.
func (w *Worker) begin(ctx context.Context, log *slog.Logger, job Job) (Claim, error) {
	var claim Claim
	err := retryUnavailable(ctx, log, "begin", func(ctx context.Context) error {
		c, err := w.Store.Begin(ctx, job, w.cfg.Lease)
		if err == nil {
			failpoint.Crash(failpoint.Begun)
			claim = c
		}
		return err
	})
	return claim, err
}
