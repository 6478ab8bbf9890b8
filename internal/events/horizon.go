package events

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"vitrine.dev/internal/backoff"
)

// HorizonConfig tunes a Horizon. Times are those of a process.
type HorizonConfig struct {
	Poll  time.Duration // how often a process looks for new events without being woken, however many read
	Pace  time.Duration // how long a process looks no more than once, however often it is woken
	Check time.Duration // how often to look whether a mark has passed: at first; doubled up to Poll/10
	Warn  time.Duration // a mark that has not passed by then is a WARN
}

// DefaultHorizonConfig returns the defaults.
func DefaultHorizonConfig() HorizonConfig {
	return HorizonConfig{Poll: time.Second, Pace: 50 * time.Millisecond, Check: 2 * time.Millisecond, Warn: 10 * time.Second}
}

// Horizon is how far the log is complete, for all readers of a process. Events
// become visible in the order of commits, and ids are drawn before: a reader
// that took what it sees would skip the lower id that is committed later. So
// it reads up to the highest id that was drawn when every transaction that
// wrote at that moment is over. Any transaction that writes holds that up, in
// every database of the server.
type Horizon struct {
	log      Log
	cfg      HorizonConfig
	logger   *slog.Logger
	turn     chan struct{} // of capacity 1: holds a token while no one advances
	complete atomic.Int64
	waiting  atomic.Pointer[mark]      // that has not passed; whoever has the turn makes it
	looked   atomic.Pointer[time.Time] // when someone looked for new events; nil: no one has
	lags     lags
}

// mark is a Mark and when it was made.
type mark struct {
	Mark

	made   time.Time
	warned bool
}

// NewHorizon returns the horizon of the log.
func NewHorizon(log Log, cfg HorizonConfig, logger *slog.Logger) *Horizon {
	h := &Horizon{log: log, cfg: cfg, logger: logger, turn: make(chan struct{}, 1)}
	h.turn <- struct{}{}
	return h
}

// Complete returns the id up to which the log is known to be complete.
func (h *Horizon) Complete() int64 { return h.complete.Load() }

// Lag returns for how long the horizon has been held: 0 where it is not, or
// where no one reads.
func (h *Horizon) Lag() time.Duration {
	if m := h.waiting.Load(); m != nil {
		return time.Since(m.made)
	}
	return 0
}

// Beyond waits until the log is complete beyond the position, and returns how
// far; wake is Log.Wake's. fault.Unavailable; the cause of ctx's end.
func (h *Horizon) Beyond(ctx context.Context, position int64, wake <-chan struct{}) (int64, error) {
	for woken := true; ; {
		if complete := h.Complete(); complete > position {
			return complete, nil
		}
		if err := h.advance(ctx, position, woken); err != nil {
			return 0, err
		}
		if h.Complete() > position {
			continue
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-wake:
			woken = true
		case <-time.After(h.cfg.Poll - h.sinceLook()):
			woken = false
		}
	}
}

// Now returns an id up to which the log is complete, and behind which are all
// events that are committed after the return. fault.Unavailable; the cause of
// ctx's end.
func (h *Horizon) Now(ctx context.Context) (int64, error) {
	if err := h.take(ctx); err != nil {
		return 0, err
	}
	defer h.release()
	if err := h.pass(ctx); err != nil { // a mark that was made before
		return 0, err
	}
	if err := h.mark(ctx, -1); err != nil {
		return 0, err
	}
	if err := h.pass(ctx); err != nil {
		return 0, err
	}
	return h.Complete(), nil
}

// sinceLook is how long ago someone looked for new events, Poll or more where no one has.
func (h *Horizon) sinceLook() time.Duration {
	if at := h.looked.Load(); at != nil {
		return time.Since(*at)
	}
	return max(h.cfg.Poll, h.cfg.Pace)
}

// advance moves the horizon beyond the position where it can be moved now. Who was not woken does not look where another
// reader has, within Poll.
func (h *Horizon) advance(ctx context.Context, position int64, woken bool) error {
	if err := h.take(ctx); err != nil {
		return err
	}
	defer h.release()
	if h.Complete() > position {
		return nil
	}
	if err := h.pass(ctx); err != nil || h.Complete() > position {
		return err
	}
	if !woken && h.sinceLook() < h.cfg.Poll {
		return nil
	}
	if err := backoff.Sleep(ctx, h.cfg.Pace-h.sinceLook()); err != nil {
		return err
	}
	if err := h.mark(ctx, h.Complete()); err != nil {
		return err
	}
	return h.pass(ctx)
}

func (h *Horizon) take(ctx context.Context) error {
	select {
	case <-h.turn:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *Horizon) release() { h.turn <- struct{}{} }

// mark makes a mark where there are events past the id.
func (h *Horizon) mark(ctx context.Context, past int64) error {
	h.looked.Store(new(time.Now()))
	m, err := h.log.Mark(ctx, past)
	if err == nil && m.To > past {
		h.waiting.Store(&mark{Mark: m, made: time.Now()})
	}
	return err
}

// pass waits until the mark has passed, if there is one. Where it ends before,
// the mark stays for the next: it must not begin to wait again.
func (h *Horizon) pass(ctx context.Context) error {
	m := h.waiting.Load()
	if m == nil {
		return nil
	}
	for n := 1; ; n++ {
		passed, err := h.log.Passed(ctx, m.Mark)
		if err != nil {
			return err
		}
		if passed {
			break
		}
		h.warn(ctx, m)
		if err := backoff.Sleep(ctx, backoff.Delay(n, h.cfg.Check, h.cfg.Poll/10)); err != nil {
			return err
		}
	}
	if m.warned {
		h.logger.InfoContext(ctx, "the event log goes on", "held", time.Since(m.made))
	}
	h.complete.Store(max(m.To, h.Complete()))
	h.waiting.Store(nil)
	return nil
}

// warn says once for each mark who holds it for too long.
func (h *Horizon) warn(ctx context.Context, m *mark) {
	if m.warned || time.Since(m.made) < h.cfg.Warn {
		return
	}
	m.warned = true
	holders, err := h.log.Holders(ctx, m.Mark)
	if err != nil {
		h.logger.WarnContext(ctx, "the event log is held up by a transaction", "events_to", m.To, "error", err)
		return
	}
	for _, o := range holders {
		who := []any{"pid", o.PID}
		if o.GID != "" {
			who = []any{"gid", o.GID}
		}
		h.logger.WarnContext(ctx, "the event log is held up by a transaction",
			append(who, "database", o.Database, "age", o.Age, "events_to", m.To)...)
	}
}

// Last returns the highest id of an event that was drawn; it may not be committed yet.
// fault.Unavailable.
func (h *Horizon) Last(ctx context.Context) (int64, error) {
	complete := h.Complete()
	m, err := h.log.Mark(ctx, complete)
	return max(m.To, complete), err
}
