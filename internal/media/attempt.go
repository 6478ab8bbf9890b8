package media

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
)

// Outcome is how an attempt ended.
type Outcome string

// The outcomes.
const (
	OutcomeReady       Outcome = "ready"
	OutcomeUnchanged   Outcome = "unchanged"   // the source of a ready image is what it was
	OutcomeRetried     Outcome = "retried"     // it failed, and there will be another attempt
	OutcomeFailed      Outcome = "failed"      // it failed, and there will be none
	OutcomeSuperseded  Outcome = "superseded"  // the image was changed, deleted or begun by another worker meanwhile
	OutcomeInterrupted Outcome = "interrupted" // the process ends, or the database could not be reached
)

// Outcomes lists all of them.
func Outcomes() []Outcome {
	return []Outcome{OutcomeReady, OutcomeUnchanged, OutcomeRetried, OutcomeFailed, OutcomeSuperseded, OutcomeInterrupted}
}

// StepName names a part of an attempt.
type StepName string

// The steps, in their order.
const (
	StepFetch    StepName = "fetch"
	StepRender   StepName = "render"
	StepStore    StepName = "store"
	StepComplete StepName = "complete"
)

// StepNames lists all of them.
func StepNames() []StepName { return []StepName{StepFetch, StepRender, StepStore, StepComplete} }

// Of the attempts of an image that were retried or failed, the last AttemptsKept are kept,
// each for AttemptLife.
const (
	AttemptsKept = 20
	AttemptLife  = 30 * 24 * time.Hour
)

// Step is a part of an attempt that has ended.
type Step struct {
	Name     StepName
	Took     time.Duration
	BytesIn  int64
	BytesOut int64
	Err      error // nil where it was done
}

// Attempted is an attempt that has ended.
type Attempted struct {
	Claim   Claim
	Outcome Outcome
	Failure *fault.Failure // why it failed; nil for other outcomes
	Took    time.Duration
	Steps   []Step // those that were begun, in their order
}

// Observer is told of the work on images. Its methods are safe for concurrent use and do not block.
type Observer interface {
	// Attempted is called once for each attempt, when its outcome is written.
	Attempted(ctx context.Context, a Attempted)
}

// attempt is one that is under way. It is for one goroutine.
type attempt struct {
	*Worker

	claim   Claim
	log     *slog.Logger
	started time.Time
	steps   []Step
}

func (w *Worker) newAttempt(claim Claim, log *slog.Logger) *attempt {
	claim.Work.Worker = w.Process
	return &attempt{Worker: w, claim: claim, log: log, started: time.Now()}
}

// run does the work of the attempt and writes its outcome.
func (a *attempt) run(ctx context.Context) error {
	working, stop := a.keepLease(ctx, a.log, a.claim)
	result, err := a.work(working)
	cause := context.Cause(working)
	stop()

	failure, failed := fault.FailureOf(err)
	if err != nil && !failed { // where the attempt was ended from outside, that is why
		failure, failed = fault.FailureOf(cause)
	}
	switch {
	case err == nil && result.Key == "":
		a.log.InfoContext(ctx, "image unchanged", "duration", a.took())
		a.ended(ctx, OutcomeUnchanged, nil)
		return nil
	case err == nil:
		a.log.InfoContext(ctx, "image ready", "rendition", result.Key, "duration", a.took(),
			"bytes_in", result.SourceBytes, "bytes_out", result.Compressed.Bytes)
		a.ended(ctx, OutcomeReady, nil)
		return nil
	case errors.Is(cause, errClaimLost), fault.KindOf(err) == fault.Conflict:
		a.log.InfoContext(ctx, "image job superseded", "duration", a.took())
		a.ended(ctx, OutcomeSuperseded, nil)
		return nil
	case failed:
		return a.recordFailure(ctx, failure)
	default:
		a.log.WarnContext(ctx, "image job interrupted", "duration", a.took(), "error", err)
		a.ended(ctx, OutcomeInterrupted, nil)
		return err
	}
}

func (a *attempt) took() time.Duration { return time.Since(a.started) }

// ended tells the observer.
func (a *attempt) ended(ctx context.Context, o Outcome, f *fault.Failure) {
	if a.Observe != nil {
		a.Observe.Attempted(ctx, Attempted{Claim: a.claim, Outcome: o, Failure: f, Took: a.took(), Steps: a.steps})
	}
}

// recordFailure writes the outcome of a failed attempt: a retry, or the end. It
// is what logs the failure, once.
func (a *attempt) recordFailure(ctx context.Context, failure *fault.Failure) error {
	log := a.log
	delay, again := a.cfg.Policy.Next(a.claim.spent(a.took()), failure)
	err := retryUnavailable(ctx, log, "record failure", func(ctx context.Context) error {
		var changed catalog.Changed
		var err error
		if again {
			changed, err = a.Store.Retry(ctx, a.claim, failure, delay)
		} else {
			changed, err = a.Store.Fail(ctx, a.claim, failure)
		}
		if err == nil {
			failpoint.Crash(failpoint.FailureRecorded)
			a.Announce.Announce(ctx, changed)
		}
		return err
	})
	switch {
	case fault.KindOf(err) == fault.Conflict:
		log.InfoContext(ctx, "image job superseded", "error", err)
		a.ended(ctx, OutcomeSuperseded, nil)
		return nil
	case err != nil:
		a.ended(ctx, OutcomeInterrupted, nil)
		return err
	case again:
		a.ended(ctx, OutcomeRetried, failure)
		log.WarnContext(ctx, "image will be retried", "reason", failure.Reason, "delay", delay, "error", failure)
	case a.claim.Shown:
		log.Log(ctx, failedLevel(failure.Reason), "image goes on showing what it did: it could not be fetched again", "reason", failure.Reason, "error", failure)
	default:
		log.Log(ctx, failedLevel(failure.Reason), "image failed", "reason", failure.Reason, "error", failure)
	}
	if !again {
		a.ended(ctx, OutcomeFailed, failure)
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
