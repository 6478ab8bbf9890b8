package imaging

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/purego"
	"vitrine.dev/internal/imaging/vips"
	"vitrine.dev/internal/media"
)

// Renderer implements media.Renderer. It is safe for concurrent use.
type Renderer struct {
	cfg    Config
	engine engine.Engine
	pure   bool
	admit  Admission
	log    *slog.Logger
}

var _ media.Renderer = (*Renderer)(nil)

// New opens the engine that the configuration asks for. With EngineAuto a
// libvips that cannot be opened is not an error: the log says why and pure Go
// takes its place.
func New(cfg Config, log *slog.Logger) (*Renderer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure imaging: %w", err)
	}
	r := &Renderer{cfg: cfg, log: log, admit: NewAdmission(cfg.Parallel, cfg.PixelBudget)}
	if cfg.Engine != EngineGo {
		engine, err := vips.Open(cfg.LibraryPath)
		switch {
		case err == nil:
			r.engine = engine
			return r, nil
		case cfg.Engine == EngineVips || cfg.LibraryPath != "":
			return nil, fmt.Errorf("configure imaging: %w", err)
		default:
			log.Debug("libvips cannot be used", "error", err)
		}
	}
	r.engine, r.pure = purego.New(), true
	return r, nil
}

// AdmittedBy makes a decide what is admitted, in place of the configuration.
func (r *Renderer) AdmittedBy(a Admission) *Renderer {
	r.admit = a
	return r
}

// Engine names the engine and its version for the line at start, with how to
// install a better one where there is one.
func (r *Renderer) Engine() string {
	if r.pure {
		return r.engine.Name() +
			" (install libvips for WebP, AVIF, HEIC: apt-get install libvips42 / brew install vips)"
	}
	return r.engine.Name()
}

// Render implements media.Renderer.
func (r *Renderer) Render(ctx context.Context, p media.Preset, source []byte) (rendered media.Rendered, err error) {
	w := &work{Renderer: r, preset: p, source: engine.Source{Body: source}}
	defer func() {
		w.close()
		if p := recover(); p != nil {
			r.log.ErrorContext(ctx, "the imaging engine panicked", "panic", p, "stack", string(debug.Stack()))
			rendered, err = media.Rendered{}, engine.Crashed(fmt.Errorf("panic: %v", p))
		}
	}()
	for _, s := range steps() {
		if ctx.Err() != nil {
			return media.Rendered{}, fmt.Errorf("render, before %s: %w", s.name, context.Cause(ctx))
		}
		began := time.Now()
		if err := s.do(ctx, w); err != nil {
			return media.Rendered{}, classify(ctx, s.name, err)
		}
		if s.long {
			w.out.Parts = append(w.out.Parts, media.RenderPart{Name: s.name, Began: began, Took: time.Since(began)})
		}
	}
	return w.out, nil
}

// classify returns an error that is a failure or that of ctx.
func classify(ctx context.Context, step string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("render, at %s: %w", step, context.Cause(ctx))
	}
	if _, ok := fault.FailureOf(err); ok {
		return err
	}
	return engine.Crashed(fmt.Errorf("render, at %s: %w", step, err))
}
