package events

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

// Handler takes events in the order of their ids and returns how many of the
// first are done. Those that are not are given to it again, after a pause where
// it returned an error. It may be given events again that it has done: after
// a crash, and where a lease ran out while it worked. It returns soon after its
// context ends, which is when the reader was stopped and its Drain is over, or
// when another process reads.
type Handler func(ctx context.Context, page Page) (done int, err error)

// ReaderConfig tunes a Reader.
type ReaderConfig struct {
	Lease    time.Duration // how long no one reads after the process that did has died; renewed at a third
	Save     time.Duration // how often the position is written at most
	Pace     time.Duration // how often the handler is called at most; at once where it has done a whole Batch
	Batch    int           // most events of one call
	PauseMin time.Duration // after a failure, doubled with each further one, ±20 %
	PauseMax time.Duration // the longest of these
	Drain    time.Duration // how long the handler may go on after the stop
}

// DefaultReaderConfig returns the defaults.
func DefaultReaderConfig() ReaderConfig {
	return ReaderConfig{
		Lease: 10 * time.Second, Save: time.Second, Pace: 100 * time.Millisecond, Batch: 500,
		PauseMin: 200 * time.Millisecond, PauseMax: 5 * time.Second, Drain: 30 * time.Second,
	}
}

// Reader gives the log to a handler, each event at least once, in order,
// whichever process dies: lease and position are in the database. Of all
// processes that run a reader of one name, one reads at a time.
type Reader struct {
	name      string
	horizon   *Horizon
	positions Positions
	handle    Handler
	cfg       ReaderConfig
	holder    string // names this process
	log       *slog.Logger
	outage    *backoff.Outage
}

// NewReader returns a reader that begins, when its name is new, with the oldest event.
func NewReader(name string, h *Horizon, positions Positions, handle Handler, cfg ReaderConfig, log *slog.Logger) *Reader {
	log = log.With("reader", name)
	return &Reader{
		name: name, horizon: h, positions: positions, handle: handle, cfg: cfg, holder: rand.Text(), log: log,
		outage: backoff.NewOutage(log, "event reader is held up", "event reader goes on"),
	}
}

// Run reads until ctx is done. It then gives the handler Drain to end, keeps the
// position, ends the lease and returns nil. Run is called once.
func (r *Reader) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		position, err := r.positions.LeaseReader(ctx, r.name, r.holder, r.cfg.Lease)
		switch {
		case err == nil:
			r.hold(ctx, position)
		case fault.KindOf(err) == fault.Conflict: // another process reads
			r.outage.Succeeded(ctx)
			_ = backoff.Sleep(ctx, backoff.Jitter(r.cfg.Lease/3)) // its end ends the loop
		default:
			r.pause(ctx, "lease", err)
		}
	}
	return nil
}

// hold reads under the lease until it is lost or ctx is done.
func (r *Reader) hold(ctx context.Context, position int64) {
	handling, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	saver := newSaver(r, position)
	saved := make(chan struct{})
	reading, stop := context.WithCancel(ctx)
	go func() {
		defer close(saved)
		if err := saver.run(handling); err != nil {
			cancel(err)
			stop()
		}
	}()
	expiry := context.AfterFunc(ctx, func() {
		time.AfterFunc(r.cfg.Drain, func() { cancel(errStopped) })
	})
	defer expiry()
	r.read(reading, handling, saver, r.horizon.lags.begin(reading, r.name))
	stop()
	saver.stop()
	<-saved
}

var errStopped = errors.New("the reader was stopped")

// read gives events to the handler until ctx is done.
func (r *Reader) read(ctx, handling context.Context, saver *saver, behind *lag) {
	wake := r.horizon.log.Wake(ctx)
	for ctx.Err() == nil {
		began := time.Now()
		part, full := "log", false
		to, err := r.horizon.Beyond(ctx, saver.position(), wake)
		if err == nil {
			part, full, err = r.next(ctx, handling, saver, behind, to)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			behind.failed(ctx)
			r.pause(ctx, part, err)
		default:
			r.outage.Succeeded(ctx)
			if !full {
				_ = backoff.Sleep(ctx, r.cfg.Pace-time.Since(began)) // its end ends the loop
			}
		}
	}
}

// next gives one page to the handler. It names the part that failed, and says
// whether a full page was done, which more may follow.
func (r *Reader) next(ctx, handling context.Context, saver *saver, behind *lag, to int64) (part string, full bool, err error) {
	position := saver.position()
	page, err := r.horizon.log.Read(ctx, position, to, r.cfg.Batch)
	if err != nil {
		return "log", false, err
	}
	if skipped := page.RemovedTo - position; skipped > 0 {
		r.log.WarnContext(ctx, "event reader was overtaken by the retention of events: these are skipped",
			"skipped", skipped, "position", position, "oldest", page.RemovedTo+1)
		to = max(to, page.RemovedTo)
		saver.reach(page.RemovedTo)
	}
	done := 0
	if behind.found(page); len(page.Events) > 0 {
		done, err = r.call(handling, page)
	}
	behind.left(page, done)
	switch {
	case done == len(page.Events):
		saver.reach(page.end(to, r.cfg.Batch))
	case done > 0:
		saver.reach(page.Events[done-1].ID)
	}
	return "target", done == r.cfg.Batch, err
}

// call makes an error of a panic, so that the process goes on.
func (r *Reader) call(ctx context.Context, page Page) (done int, err error) {
	defer func() {
		if p := recover(); p != nil {
			done, err = 0, fmt.Errorf("event handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return r.handle(ctx, page)
}

func (r *Reader) pause(ctx context.Context, part string, err error) {
	if ctx.Err() != nil {
		return
	}
	delay := backoff.Delay(r.outage.Failed(ctx, part, err), r.cfg.PauseMin, r.cfg.PauseMax)
	_ = backoff.Sleep(ctx, backoff.Spread(delay)) // its end ends the caller's loop
}
