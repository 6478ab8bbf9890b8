package processes

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"vitrine.dev/internal/backoff"
)

const (
	callTimeout   = 2 * time.Second // of one call of the store
	retryInterval = time.Second     // after a heartbeat that failed
	// Each process removes purgeLimit of those that died LostFor ago, now and then.
	purgeInterval = time.Minute
	purgeLimit    = 100
)

// Heart writes the heartbeats of this process.
type Heart struct {
	store   Store
	process Process
	work    Work
	use     func() Use
	log     *slog.Logger

	used   Use // at usedAt; Run's, as that is
	usedAt time.Time

	draining atomic.Bool
	drain    chan struct{} // of capacity 1: draining has begun
}

// NewHeart returns a Heart for the process, of which ID, Role, Slots and Version are given, and
// which starts now; work is nil for one that works on no images. use is asked once in an
// Interval, however many heartbeats come early.
func NewHeart(store Store, process Process, work Work, use func() Use, log *slog.Logger) *Heart {
	process.StartedAt = time.Now()
	return &Heart{store: store, process: process, work: work, use: use, log: log, drain: make(chan struct{}, 1)}
}

// Drain has the heartbeats say from now on that the process has room for the downloads
// that it holds, and for no more: these count on as held, and take no room from other
// processes. The next heartbeat comes early.
func (h *Heart) Drain() {
	if !h.draining.Swap(true) {
		h.drain <- struct{}{}
	}
}

// Run writes heartbeats until ctx is done, which for a worker is when nothing is in
// work any more, and then that the process has ended. The next one comes early where
// downloads have ended.
func (h *Heart) Run(ctx context.Context) error {
	defer h.end(ctx)
	var purged time.Time
	failing := false
	for wait := time.Duration(0); h.wait(ctx, wait, failing) == nil; {
		err := h.beat(ctx)
		if wait = Interval; err != nil {
			wait = retryInterval
		}
		if err != nil && !failing && ctx.Err() == nil { // an outage is a WARN once
			h.log.WarnContext(ctx, "heartbeat not written", "error", err)
		}
		failing = err != nil
		if !failing && time.Since(purged) >= purgeInterval {
			purged = time.Now()
			h.purge(ctx)
		}
	}
	return nil
}

// beat writes a heartbeat with what is downloaded.
func (h *Heart) beat(ctx context.Context) error {
	p := h.process
	if h.usedAt.IsZero() || time.Since(h.usedAt) >= Interval {
		h.used, h.usedAt = h.use(), time.Now()
	}
	p.Use = h.used
	write := func(fetched []Fetched) error {
		p.Fetched = fetched
		p.Held = p.SlotsTaken()
		if p.Draining = h.draining.Load(); p.Draining {
			p.Slots = p.Held
		}
		return h.call(ctx, func(ctx context.Context) error { return h.store.Heartbeat(ctx, p) })
	}
	if h.work == nil {
		return write(nil)
	}
	p.InFlight = h.work.InFlight()
	return h.work.WriteFetched(write)
}

// purge removes processes that died. Where it cannot, a later one does.
func (h *Heart) purge(ctx context.Context) {
	err := h.call(ctx, func(ctx context.Context) error { return h.store.PurgeProcesses(ctx, LostFor, purgeLimit) })
	if err != nil && ctx.Err() == nil {
		h.log.WarnContext(ctx, "processes that died were not removed", "error", err)
	}
}

// wait returns when the next heartbeat is to be written.
func (h *Heart) wait(ctx context.Context, wait time.Duration, failing bool) error {
	if h.work == nil || failing {
		return backoff.Sleep(ctx, wait)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-h.work.Due():
	case <-h.drain:
	case <-ctx.Done():
	}
	return context.Cause(ctx)
}

// end has the dispatchers count on this process no more. Where they cannot be
// told, they find out after Gone.
func (h *Heart) end(ctx context.Context) {
	err := h.call(context.WithoutCancel(ctx), func(ctx context.Context) error { return h.store.EndProcess(ctx, h.process.ID) })
	if err != nil {
		h.log.WarnContext(ctx, "the end of the process was not written", "error", err)
	}
}

func (h *Heart) call(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return do(ctx)
}
