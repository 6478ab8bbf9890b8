package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/imaging/schedule"
	"vitrine.dev/internal/media"
)

// Config bounds the use of children.
type Config struct {
	Imaging imaging.Config
	Timeout time.Duration // of the work on one picture, waiting for room not counted
	Recycle int           // pictures after which a child is replaced by a fresh one
	Program []string      // what to start as a child; empty for this very program
}

// DefaultConfig gives a picture a minute and a child 500 pictures.
func DefaultConfig() Config {
	return Config{Imaging: imaging.DefaultConfig(), Timeout: time.Minute, Recycle: 500}
}

// Renderer implements media.Renderer with as many children as pictures may be
// rendered at the same time, and one more for those that take little time and are
// of users who have no other in work. Children are started when they are wanted.
type Renderer struct {
	cfg      Config
	log      *slog.Logger
	engine   engineInfo
	schedule *schedule.Schedule
	once     sync.Once
	busy     sync.WaitGroup // pictures

	mu       sync.Mutex
	children map[int]struct{} // that are alive, by their ids
	idle     []*process       // the one that was used last at the end; there are no more in all than slots
}

var _ media.Renderer = (*Renderer)(nil)

const (
	quick          = time.Second     // what takes less, by its header, may be rendered by the express process
	expressTimeout = 5 * time.Second // after which such a picture is taken for an ordinary one
	expressPixels  = 8_000_000       // that the express process may hold, beside the budget
	mostPassed     = 16              // pictures that pass one which waits for memory
)

// New starts the first child, which reports the engine that it has found. Where ctx is done
// before, no child is left and the error has its cause; it does not bound the Renderer.
func New(ctx context.Context, cfg Config, log *slog.Logger) (*Renderer, error) {
	if err := cfg.Imaging.Validate(); err != nil {
		return nil, fmt.Errorf("configure imaging: %w", err)
	}
	if cfg.Timeout <= 0 || cfg.Recycle <= 0 {
		return nil, errors.New("configure imaging: timeout and recycling must be positive")
	}
	if len(cfg.Program) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
		cfg.Program = []string{self}
	}
	parallel := cfg.Imaging.Parallel
	r := &Renderer{
		cfg: cfg, log: log, children: map[int]struct{}{},
		schedule: schedule.New(schedule.Config{
			Renders: parallel, Budget: cfg.Imaging.PixelBudget, Express: expressPixels, Passed: mostPassed,
		}),
	}
	first, err := r.launch(ctx)
	if err != nil {
		return nil, err
	}
	r.engine = first.engine
	r.putBack(first)
	return r, nil
}

// Recipe implements media.Renderer.
func (r *Renderer) Recipe() string { return r.engine.Recipe }

// Engine names the engine and its version for the line at start.
func (r *Renderer) Engine() string { return r.engine.Engine }

// Render implements media.Renderer. A child that dies or takes longer than
// Timeout fails its picture with fault.DecoderCrashed, and nothing else. A picture
// that waits for memory holds no child.
func (r *Renderer) Render(ctx context.Context, preset media.Preset, source []byte) (media.Rendered, error) {
	r.busy.Add(1)
	defer r.busy.Done()
	picture := schedule.Picture{UserID: media.UserOf(ctx), Quick: imaging.Estimate(source, preset) < quick}
	slot, err := wait(ctx, picture, r.schedule.Enter)
	for err == nil {
		j, rendered, failed := r.renderIn(ctx, r.take(), slot, preset, source)
		r.putBack(j.process)
		switch {
		case errors.Is(failed, errFull):
			picture.Pixels = j.pixels
		case j.short && j.expired() && ctx.Err() == nil: // it is not what it seemed to be
			picture.Pixels, picture.Quick = j.pixels, false
		default:
			slot.Leave()
			return rendered, failed
		}
		slot, err = wait(ctx, picture, slot.Again)
	}
	if errors.Is(err, schedule.ErrClosed) {
		return media.Rendered{}, crashed("The renderer was closed.", err)
	}
	return media.Rendered{}, fmt.Errorf("render: %w", err)
}

// wait waits for a slot. The clock of the attempt is paused meanwhile.
func wait(
	ctx context.Context, p schedule.Picture, enter func(context.Context, schedule.Picture) (*schedule.Slot, error),
) (*schedule.Slot, error) {
	defer media.PauseClock(ctx)()
	return enter(ctx, p)
}

// renderIn renders in p, or in a new child where that is nil. The job has the
// child that can be used again. A used child may have died of something else
// than the picture, so only a crash of a fresh one is blamed on it.
func (r *Renderer) renderIn(
	ctx context.Context, p *process, slot *schedule.Slot, preset media.Preset, source []byte,
) (*job, media.Rendered, error) {
	j := &job{Renderer: r, process: p, slot: slot, timeout: r.cfg.Timeout}
	if slot.Express && expressTimeout < j.timeout {
		j.timeout, j.short = expressTimeout, true
	}
	fresh := p == nil
	if fresh {
		var err error
		if j.process, err = r.launch(ctx); err != nil {
			j.process = nil
			if ctx.Err() != nil {
				return j, media.Rendered{}, fmt.Errorf("render: %w", err)
			}
			return j, media.Rendered{}, crashed("No process could be started for the picture.", err)
		}
	}
	rendered, err := j.run(ctx, preset, source)
	p = j.process
	p.work++
	if !j.broken {
		if p.work >= r.cfg.Recycle || !j.finish() {
			_ = r.end(p)
			j.process = nil
		}
		return j, rendered, err
	}
	ended := errors.Join(err, r.end(p))
	j.process = nil
	switch {
	case ctx.Err() != nil:
		return j, media.Rendered{}, fmt.Errorf("render: %w", context.Cause(ctx))
	case j.expired():
		level := slog.LevelWarn
		if j.short {
			level = slog.LevelDebug
		}
		r.log.Log(ctx, level, "render timed out: its process was killed", "timeout", j.timeout)
		return j, media.Rendered{}, crashed("The decoder did not come to an end within "+j.timeout.String()+".", ended)
	case !fresh:
		return r.renderIn(ctx, nil, slot, preset, source)
	default:
		r.log.WarnContext(ctx, "render process died", "error", ended)
		return j, media.Rendered{}, crashed("The decoder crashed on the picture.", ended)
	}
}

func (r *Renderer) launch(ctx context.Context) (*process, error) {
	p, err := launch(ctx, r.cfg.Program, r.cfg.Imaging)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.children[p.cmd.Process.Pid] = struct{}{}
	}
	return p, err
}

// end forgets the child's id first: another process may have it once the child is reaped.
func (r *Renderer) end(p *process) error {
	r.mu.Lock()
	delete(r.children, p.cmd.Process.Pid)
	r.mu.Unlock()
	return p.end()
}

// PIDs returns the ids of the children that are alive.
func (r *Renderer) PIDs() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.children))
}

// Pixels returns how many pixels of the budget are taken.
func (r *Renderer) Pixels() (used, budget int64) { return r.schedule.Pixels() }

// take returns an idle child, or nil where one is to be started.
func (r *Renderer) take() *process {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.idle) == 0 {
		return nil
	}
	p := r.idle[len(r.idle)-1]
	r.idle = r.idle[:len(r.idle)-1]
	return p
}

// putBack keeps the child for the next picture; a nil one is gone.
func (r *Renderer) putBack(p *process) {
	if p == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle = append(r.idle, p)
}

func crashed(detail string, cause error) error {
	return fault.Fail(fault.DecoderCrashed, detail, cause)
}

// Close ends all children once their pictures are done. Render must not be
// called any more.
func (r *Renderer) Close() error {
	r.once.Do(func() {
		r.schedule.Close()
		r.busy.Wait()
		for p := r.take(); p != nil; p = r.take() {
			_ = r.end(p)
		}
	})
	return nil
}
