package imaging_test

import (
	"log/slog"
	"os"
	"testing"

	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/media"
)

func TestVips(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: TestGo runs the same suite")
	}
	requireVips(t)
	imagingtest.Run(t, open(imaging.EngineVips), imagingtest.Capabilities{
		CMYK: true, Arithmetic: true, AVIF: true, HEIC: true, Animations: true, WebP: true, AVIFOutput: true, Progressive: true,
		Tables: true, GreyAlphaTIFF: true, ManyChannels: true,
	})
}

func TestGo(t *testing.T) {
	t.Parallel()
	imagingtest.Run(t, open(imaging.EngineGo), imagingtest.Capabilities{})
}

func open(engine string) imagingtest.Open {
	return func(t *testing.T, o imagingtest.Options) media.Renderer {
		t.Helper()
		cfg := imaging.DefaultConfig()
		cfg.Engine, cfg.LibraryPath = engine, libraryPath(engine)
		cfg.MaxPixels, cfg.MaxFrames, cfg.MaxAnimationPixels = o.MaxPixels, o.MaxFrames, o.MaxAnimationPixels
		r, err := imaging.New(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

func libraryPath(engine string) string {
	if engine == imaging.EngineGo {
		return ""
	}
	return os.Getenv("LIBVIPS_PATH")
}

// requireVips skips where libvips is missing, and fails where the run demands
// every part.
func requireVips(tb testing.TB) {
	tb.Helper()
	cfg := imaging.DefaultConfig()
	cfg.Engine, cfg.LibraryPath = imaging.EngineVips, os.Getenv("LIBVIPS_PATH")
	_, err := imaging.New(cfg, slog.New(slog.DiscardHandler))
	switch {
	case err == nil:
	case os.Getenv("VITRINE_TEST_REQUIRE") == "1":
		tb.Fatal(err)
	default:
		tb.Skip("SKIPPED: libvips is missing (apt-get install libvips42 / brew install vips):", err)
	}
}
