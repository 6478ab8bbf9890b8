package webhook

import (
	"context"
	"maps"
	"slices"
	"time"

	"vitrine.dev/internal/fault"
)

// toRecord reports whether it is time to write what has ended.
func (w *worker) toRecord() bool {
	switch {
	case len(w.ended) == 0 && !w.moved:
		return false
	case w.failed() || w.over() && w.flying == 0 || len(w.queue) == 0 && w.flying == 0 && len(w.ended) > 0:
		return true
	default:
		return time.Since(w.written) >= w.r.cfg.Save
	}
}

// record writes what has ended, and reports whether the worker goes on.
func (w *worker) record(ctx context.Context) bool {
	ended := w.ended
	open := maps.Clone(w.outstanding)
	for _, r := range ended {
		delete(open, r.EventID)
	}
	s := Outcome{Progress: Progress{Position: w.head, Outstanding: slices.Sorted(maps.Keys(open)), Again: w.again}, Results: ended}
	w.written = time.Now()
	recorded, err := w.r.Outbox.RecordOutcome(ctx, w.endpoint().ID, w.r.holder, s, w.r.cfg.Policy.judge(ended))
	switch {
	case fault.KindOf(err) == fault.Conflict: // deleted, or another process delivers
		return false
	case err != nil:
		w.pause(err)
		return !w.over()
	}
	w.logHealth(ctx, w.health, recorded.Health)
	for _, r := range ended {
		delete(w.rows, r.ID)
	}
	w.ended, w.outstanding, w.moved, w.again = nil, open, false, recorded.Again
	w.health = recorded.Health
	w.resumeAfter(recorded.Health, recorded.Now)
	w.wake() // a pause may be over, or there may be room again: there may be something to read
	return true
}

// judge applies the policy to what has ended, in that order.
func (p Policy) judge(ended []Result) Judge {
	return func(before Health, now time.Time) (Health, bool) {
		h := before
		for _, r := range ended {
			h = p.after(h, r.Answer, now)
		}
		return h, before.Failures > 0 && h.Failures == 0
	}
}

// resumeAfter notes until when nothing is sent.
func (w *worker) resumeAfter(h Health, now time.Time) {
	w.resume = time.Time{}
	if left := h.PausedUntil.Sub(now); left > 0 {
		w.resume = time.Now().Add(left)
	}
	if h.Disabled != NotDisabled {
		w.stop()
	}
}

// logHealth logs what the operator, and through him the owner, should know.
func (w *worker) logHealth(ctx context.Context, before, now Health) {
	switch {
	case now.Disabled != before.Disabled && now.Disabled != NotDisabled:
		w.log.WarnContext(ctx, "webhook disabled", "reason", now.Disabled, "failing_since", now.FailingSince)
	case before.WarnedAt.IsZero() && !now.WarnedAt.IsZero():
		w.log.WarnContext(ctx, "webhook fails, and is disabled if it goes on", "failing_since", now.FailingSince, "failures", now.Failures)
	}
}
