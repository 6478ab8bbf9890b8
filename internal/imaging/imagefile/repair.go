package imagefile

import (
	"vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/jpeg"
	"vitrine.dev/internal/imaging/imagefile/png"
)

// Repair returns the file with the oddities repaired that every browser passes
// over and that some decoder refuses, so that all engines accept the same
// files: see jpeg.Repair, png.Repair and gif.Repair. It touches nothing that makes
// a pixel, so a truncated picture stays one. A file that has none of them is
// returned as it is, not copied; src is never written to.
//
// Ended says that a JPEG was given an end: whether it has all its pixels is to
// be found out by a decoder that does not make up those that are missing.
func Repair(src []byte) (repaired []byte, ended bool) {
	switch Sniff(src) {
	case JPEG:
		return jpeg.Repair(src)
	case PNG:
		return png.Repair(src), false
	case GIF:
		return gif.Repair(src), false
	default: // the decoders of the others agree
		return src, false
	}
}
