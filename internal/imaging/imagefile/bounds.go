package imagefile

import (
	"vitrine.dev/internal/imaging/imagefile/heif"
	"vitrine.dev/internal/imaging/imagefile/jpeg"
	"vitrine.dev/internal/imaging/imagefile/png"
	"vitrine.dev/internal/imaging/imagefile/tiff"
)

// Bounded returns a *structure.ExcessError for a file that would keep a decoder
// busy for long, whatever its pixels. Frames are in Info.
// What is broken is left to the decoder.
func Bounded(src []byte) error {
	switch Sniff(src) {
	case JPEG:
		return jpeg.Bounded(src)
	case PNG:
		return png.Bounded(src)
	case TIFF:
		return tiff.Bounded(src)
	case AVIF, HEIC:
		return heif.Bounded(src)
	default: // linear in its bytes, but for frames
		return nil
	}
}
