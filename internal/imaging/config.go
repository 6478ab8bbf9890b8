package imaging

import (
	"errors"
	"fmt"
	"runtime"
)

// The engines that Config.Engine names.
const (
	EngineAuto = "auto" // libvips where it is found, else pure Go
	EngineVips = "vips" // libvips or an error
	EngineGo   = "go"   // pure Go
)

// Config says which engine renders, and within which limits.
type Config struct {
	Engine      string // EngineAuto, EngineVips or EngineGo
	LibraryPath string // the file of libvips; empty for the usual places

	MaxPixels          int64 // width times height of a source
	MaxFrames          int   // of an animation
	MaxAnimationPixels int64 // width times height times frames of an animation

	Parallel    int   // pictures in work at the same time, at least 1
	PixelBudget int64 // what all of them may cost at the same time: see engine.Engine
}

// DefaultConfig returns limits that take 2 GB of memory at the very worst; the
// photographs of an ordinary shop take a tenth of that.
func DefaultConfig() Config {
	return Config{
		Engine:             EngineAuto,
		MaxPixels:          100_000_000,
		MaxFrames:          500,
		MaxAnimationPixels: 100_000_000,
		Parallel:           runtime.NumCPU(),
		PixelBudget:        120_000_000,
	}
}

// Validate reports everything that is wrong with the configuration.
func (c Config) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(c.Engine == EngineAuto || c.Engine == EngineVips || c.Engine == EngineGo,
		"engine must be auto, vips or go, not %q", c.Engine)
	check(c.MaxPixels >= 1, "the limit of pixels must be positive, not %d", c.MaxPixels)
	check(c.MaxFrames >= 1, "the limit of frames must be positive, not %d", c.MaxFrames)
	check(c.MaxAnimationPixels >= 1, "the limit of an animation's pixels must be positive, not %d", c.MaxAnimationPixels)
	check(c.Parallel >= 1, "at least one picture must be worked on at a time, not %d", c.Parallel)
	check(c.PixelBudget >= 1, "the pixel budget must be positive, not %d", c.PixelBudget)
	return errors.Join(problems...)
}
