package media

import (
	"errors"
	"fmt"
)

// Limits of a Preset.
const (
	// MaxSide is the longest side that WebP can have, in pixels.
	MaxSide = 16383
	// MaxWidths is how many widths variants may have.
	MaxWidths = 16
)

// Preset says what is published of a source image: sizes, formats and
// qualities. It is a value: presets with the same String ask for the same files.
type Preset struct {
	// Box is the side of the square that the compressed picture is shrunk into,
	// in pixels, 1 to MaxSide.
	Box int
	// Widths are those of the variants, in pixels, ascending, each 1 to MaxSide,
	// at most MaxWidths. There is no variant wider than its source.
	Widths []int
	// Quality is that of JPEG and WebP, 1 to 100.
	Quality int
	// AVIFQuality is that of AVIF, 1 to 100: published beside WebP where the
	// engine can write it and it is lighter. 0 for none.
	AVIFQuality int
}

// DefaultPreset is what every image is rendered by, with AVIF or without. AVIF
// of quality 55 looks like JPEG of quality 80.
func DefaultPreset(avif bool) Preset {
	p := Preset{Box: 2048, Widths: []int{320, 800, 1600}, Quality: 80}
	if avif {
		p.AVIFQuality = 55
	}
	return p
}

// String is the canonical text of the preset. Keys of renditions are derived
// from it: a change of its form renders everything again.
func (p Preset) String() string {
	s := fmt.Sprintf("fit %d; widths %v; quality %d", p.Box, p.Widths, p.Quality)
	if p.AVIFQuality != 0 {
		s += fmt.Sprintf("; avif %d", p.AVIFQuality)
	}
	return s
}

// Validate reports everything that is wrong with the preset.
func (p Preset) Validate() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if p.Box < 1 || p.Box > MaxSide {
		bad("the box must be 1 to %d pixels, not %d", MaxSide, p.Box)
	}
	if len(p.Widths) > MaxWidths {
		bad("there may be %d widths, not %d", MaxWidths, len(p.Widths))
	}
	for i, w := range p.Widths {
		if w < 1 || w > MaxSide {
			bad("a width must be 1 to %d pixels, not %d", MaxSide, w)
		}
		if i > 0 && w <= p.Widths[i-1] {
			bad("widths must ascend: %v", p.Widths)
		}
	}
	if p.Quality < 1 || p.Quality > 100 {
		bad("quality must be 1 to 100, not %d", p.Quality)
	}
	if p.AVIFQuality < 0 || p.AVIFQuality > 100 {
		bad("AVIF quality must be 0 to 100, not %d", p.AVIFQuality)
	}
	return errors.Join(problems...)
}
