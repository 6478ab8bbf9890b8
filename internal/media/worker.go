package media

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/requestid"
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
	leastMemory      = 128 << 20
	memoryPerRender  = 32 << 20
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
	Process  string // its ID
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
	ctx = requestid.With(ctx, job.RequestID)
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
	return w.attempt(ctx, log.With("attempt", claim.Attempt), claim)
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

func (w *Worker) attempt(ctx context.Context, log *slog.Logger, claim Claim) error {
	started := time.Now()
	working, stop := w.keepLease(ctx, log, claim)
	result, err := w.work(working, log, claim)
	cause := context.Cause(working)
	stop()

	failure, failed := fault.FailureOf(err)
	if err != nil && !failed { // where the attempt was ended from outside, that is why
		failure, failed = fault.FailureOf(cause)
	}
	switch {
	case err == nil && result.Key == "":
		log.InfoContext(ctx, "image unchanged", "duration", time.Since(started))
		return nil
	case err == nil:
		log.InfoContext(ctx, "image ready", "rendition", result.Key, "duration", time.Since(started),
			"bytes_in", result.SourceBytes, "bytes_out", result.Compressed.Bytes)
		return nil
	case errors.Is(cause, errClaimLost), fault.KindOf(err) == fault.Conflict:
		log.InfoContext(ctx, "image job superseded", "duration", time.Since(started))
		return nil
	case failed:
		return w.recordFailure(ctx, log, claim, failure, claim.spent(time.Since(started)))
	default:
		log.WarnContext(ctx, "image job interrupted", "duration", time.Since(started), "error", err)
		return err
	}
}

// recordFailure writes the outcome of a failed attempt: a retry, or the end. It
// is what logs the failure, once.
func (w *Worker) recordFailure(
	ctx context.Context, log *slog.Logger, claim Claim, failure *fault.Failure, spent Spent,
) error {
	delay, again := w.cfg.Policy.Next(spent, failure)
	err := retryUnavailable(ctx, log, "record failure", func(ctx context.Context) error {
		var changed catalog.Changed
		var err error
		if again {
			changed, err = w.Store.Retry(ctx, claim, failure, delay)
		} else {
			changed, err = w.Store.Fail(ctx, claim, failure)
		}
		if err == nil {
			failpoint.Crash(failpoint.FailureRecorded)
			w.Announce.Announce(ctx, changed)
		}
		return err
	})
	switch {
	case fault.KindOf(err) == fault.Conflict:
		log.InfoContext(ctx, "image job superseded", "error", err)
		return nil
	case err != nil:
		return err
	case again:
		log.WarnContext(ctx, "image will be retried", "reason", failure.Reason, "delay", delay, "error", failure)
	case claim.Shown:
		log.Log(ctx, failedLevel(failure.Reason), "image goes on showing what it did: it could not be fetched again", "reason", failure.Reason, "error", failure)
	default:
		log.Log(ctx, failedLevel(failure.Reason), "image failed", "reason", failure.Reason, "error", failure)
	}
	return nil
}

// failedLevel is the level at which an image's end is logged: ERROR is for what
// an operator can do something about. Pictures and hosts fail by themselves all
// the time, and their owners see the reason.
func failedLevel(r fault.Reason) slog.Level {
	switch r {
	case fault.StorageUnavailable, fault.DecoderCrashed, fault.WorkerLost:
		return slog.LevelError
	default:
		return slog.LevelWarn
	}
}
