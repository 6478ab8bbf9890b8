package purego

import (
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
)

// elongated is from how many pixels for each row and column on the filters
// that make a picture smaller are nothing beside it.
const elongated = 64

// Heaviest is 3: TIFF of 16 bits a channel.
func (Engine) Heaviest() int64 { return 3 }

// Cost is all the pixels: the decoders of the standard library hold them. Those
// of 16 bits a channel count twice. The decoder of TIFF also unpacks all the
// data before it makes pixels of them, the one of progressive JPEG has 12 bytes
// of coefficients for each.
func (Engine) Cost(src engine.Source, h engine.Header, _, _ int) int64 {
	pixels := int64(h.Width) * int64(h.Height) * int64(h.Frames)
	cost := pixels
	if h.Deep {
		cost *= 2
	}
	switch {
	case src.Format == imagefile.TIFF:
		cost += cost / 2
	case src.Format == imagefile.JPEG && src.Whole:
		cost += cost / 4
	}
	// A filter has four weights for each row or column of its source.
	if sides := int64(h.Width) + int64(h.Height); sides > pixels/elongated {
		cost += sides
	}
	return cost
}
