package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging"
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
// rendered at the same time. Children are started when they are wanted.
type Renderer struct {
	cfg    Config
	log    *slog.Logger
	engine engineInfo
	pixels imaging.Admission
	idle   chan *process // a nil one is yet to be started
	closed chan struct{}
	once   sync.Once
}

var _ media.Renderer = (*Renderer)(nil)

// New starts the first child, which reports the engine that it has found.
func New(cfg Config, log *slog.Logger) (*Renderer, error) {
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
		cfg: cfg, log: log, idle: make(chan *process, parallel), closed: make(chan struct{}),
		pixels: imaging.NewAdmission(parallel, cfg.Imaging.PixelBudget),
	}
	first, err := launch(cfg.Program, cfg.Imaging)
	if err != nil {
		return nil, err
	}
	r.engine = first.engine
	r.idle <- first
	for range parallel - 1 {
		r.idle <- nil
	}
	return r, nil
}

// Recipe implements media.Renderer.
func (r *Renderer) Recipe() string { return r.engine.Recipe }

// Engine names the engine and its version for the line at start.
func (r *Renderer) Engine() string { return r.engine.Engine }

// Render implements media.Renderer. A child that dies or takes longer than
// Timeout fails its picture with fault.DecoderCrashed, and nothing else.
func (r *Renderer) Render(ctx context.Context, preset media.Preset, source []byte) (media.Rendered, error) {
	var p *process
	resume := media.PauseClock(ctx)
	defer func() { resume() }()
	select {
	case p = <-r.idle:
		resume()
		resume = func() {}
	case <-ctx.Done():
		return media.Rendered{}, fmt.Errorf("render, before a process was free: %w", context.Cause(ctx))
	case <-r.closed:
		return media.Rendered{}, crashed("The renderer was closed.", nil)
	}
	rendered, p, err := r.renderIn(ctx, p, preset, source)
	r.idle <- p
	return rendered, err
}

// renderIn renders in p, or in a new child where that is nil, and returns the
// child if it can be used again. A used child may have died of something else
// than the picture, so only a crash of a fresh one is blamed on it.
func (r *Renderer) renderIn(
	ctx context.Context, p *process, preset media.Preset, source []byte,
) (media.Rendered, *process, error) {
	fresh := p == nil
	if fresh {
		var err error
		if p, err = launch(r.cfg.Program, r.cfg.Imaging); err != nil {
			return media.Rendered{}, nil, crashed("No process could be started for the picture.", err)
		}
	}
	j := &job{Renderer: r, process: p}
	rendered, err := j.run(ctx, preset, source)
	p.work++
	if !j.broken {
		if p.work < r.cfg.Recycle && j.finish() {
			return rendered, p, err
		}
		_ = p.end()
		return rendered, nil, err
	}
	ended := errors.Join(err, p.end())
	switch {
	case ctx.Err() != nil:
		return media.Rendered{}, nil, fmt.Errorf("render: %w", context.Cause(ctx))
	case j.expired():
		r.log.WarnContext(ctx, "render timed out: its process was killed", "timeout", r.cfg.Timeout)
		return media.Rendered{}, nil, crashed("The decoder did not come to an end within "+r.cfg.Timeout.String()+".", ended)
	case !fresh:
		return r.renderIn(ctx, nil, preset, source)
	default:
		r.log.WarnContext(ctx, "render process died", "error", ended)
		return media.Rendered{}, nil, crashed("The decoder crashed on the picture.", ended)
	}
}

func crashed(detail string, cause error) error {
	return fault.Fail(fault.DecoderCrashed, detail, cause)
}

// Close ends all children once their pictures are done. Render must not be
// called any more.
func (r *Renderer) Close() error {
	r.once.Do(func() {
		close(r.closed)
		for range cap(r.idle) {
			if p := <-r.idle; p != nil {
				_ = p.end()
			}
		}
	})
	return nil
}
