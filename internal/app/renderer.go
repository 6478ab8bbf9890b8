package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/imaging/sandbox"
	"vitrine.dev/internal/media"
)

// renderer is media.Renderer with a name for the log.
type renderer interface {
	media.Renderer
	Engine() string
}

// opening is a renderer that may not be open yet.
type opening struct {
	giveUp context.CancelFunc
	done   chan struct{} // is closed once the others hold
	engine renderer
	err    error
}

// openRenderer begins to open the renderer, whose first process takes as long to
// start as all other parts take to open: beside them, the API answers earlier. It is given
// up when ctx is done or the parts are closed, and no process is left then.
func openRenderer(ctx context.Context, cfg config.Config, held *closers, log *slog.Logger) *opening {
	ctx, giveUp := context.WithCancel(ctx)
	o := &opening{giveUp: giveUp, done: make(chan struct{})}
	go func() {
		defer close(o.done)
		if o.engine, o.err = newRenderer(ctx, cfg, log); o.err == nil {
			log.InfoContext(ctx, "image engine", "engine", o.engine.Engine())
		}
	}()
	held.add("image engine", o)
	return o
}

// await returns the renderer once it is open, or nil where ctx ends before.
func (o *opening) await(ctx context.Context) (renderer, error) {
	select {
	case <-ctx.Done():
		return nil, nil //nolint:nilnil // no one needs it any more
	case <-o.done:
	}
	if ctx.Err() != nil {
		return nil, nil //nolint:nilnil,nilerr // it may have been given up
	}
	return o.engine, o.err
}

// failed waits for the renderer, and returns why there is none.
func (o *opening) failed(ctx context.Context) error {
	_, err := o.await(ctx)
	return err
}

func (o *opening) Close() error {
	o.giveUp()
	<-o.done
	if closer, ok := o.engine.(io.Closer); ok && o.err == nil {
		return closer.Close()
	}
	return nil
}

// newRenderer renders in processes of their own, so that a picture which kills
// or hangs the decoder fails alone, unless the configuration wants it here.
func newRenderer(ctx context.Context, cfg config.Config, log *slog.Logger) (renderer, error) {
	settings := imaging.DefaultConfig()
	settings.MaxPixels, settings.MaxFrames = cfg.ImageMaxPixels, cfg.ImageMaxFrames
	settings.MaxAnimationPixels, settings.PixelBudget = cfg.ImageMaxPixels, cfg.ImagePixelBudget
	settings.Engine, settings.LibraryPath = cfg.ImageEngine, cfg.LibvipsPath
	settings.Parallel = cfg.WorkerRenders
	open := func() (renderer, error) { return imaging.New(settings, log) }
	if cfg.ImageIsolation != "none" {
		rendering := sandbox.DefaultConfig()
		rendering.Imaging, rendering.Timeout = settings, cfg.RenderTimeout
		open = func() (renderer, error) { return sandbox.New(ctx, rendering, log) }
	}
	engine, err := open()
	if err != nil {
		return nil, fmt.Errorf("open image engine: %w", err)
	}
	return engine, nil
}
