package imaging_test

import (
	"log/slog"
	"os"
	"syscall"
	"testing"
	"time"

	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/media"
)

// BenchmarkRender renders a photo of 12 megapixels, with as many at the same
// time as there are processors.
func BenchmarkRender(b *testing.B) {
	photo := imagingtest.WithEXIF(imagingtest.Photo(4000, 3000, 1), 1, true)
	for _, engine := range []string{imaging.EngineVips, imaging.EngineGo} {
		b.Run(engine, func(b *testing.B) {
			if engine == imaging.EngineVips {
				requireVips(b)
			}
			cfg := imaging.DefaultConfig()
			cfg.Engine = engine
			if engine == imaging.EngineVips {
				cfg.LibraryPath = os.Getenv("LIBVIPS_PATH")
			}
			r, err := imaging.New(cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(photo)))
			started := cpuTime(b)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := r.Render(b.Context(), media.DefaultPreset(false), photo); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/(cpuTime(b)-started).Seconds(), "images/cpu-s")
		})
	}
}

// cpuTime is what the process has used of all processors.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
