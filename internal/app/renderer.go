package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"

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

// openRenderer begins to open the renderer, whose first process takes as long to
// start as all other parts take to open: beside them, the API answers earlier. It is given
// up when ctx is done or the parts are closed, and no process is left then.
func openRenderer(ctx context.Context, cfg config.Config, held *closers, log *slog.Logger) func() (renderer, error) {
	ctx, giveUp := context.WithCancel(ctx)
	open := sync.OnceValues(func() (renderer, error) { return newRenderer(ctx, cfg, log) })
	go func() { _, _ = open() }()
	held.add("image engine", opening{open, giveUp})
	return open
}

// opening is a renderer that may not be open yet.
type opening struct {
	open   func() (renderer, error)
	giveUp context.CancelFunc
}

func (o opening) Close() error {
	o.giveUp()
	opened, err := o.open()
	if closer, ok := opened.(io.Closer); ok && err == nil {
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
