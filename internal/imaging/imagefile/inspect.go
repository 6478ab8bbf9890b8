package imagefile

import (
	"vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/heif"
	"vitrine.dev/internal/imaging/imagefile/jpeg"
	"vitrine.dev/internal/imaging/imagefile/png"
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagefile/tiff"
	"vitrine.dev/internal/imaging/imagefile/webp"
)

// Info is what the structure of a file says about how to decode it.
type Info struct {
	Format Format
	structure.Info
}

// Inspect reads the structure of the file as far as it can be read. What is
// broken or missing is as if it were not there: it is the decoder that judges
// the file.
func Inspect(src []byte) Info {
	info := Info{Format: Sniff(src), Info: structure.Info{Orientation: 1, Frames: 1, Pages: 1}}
	switch info.Format {
	case JPEG:
		jpeg.Inspect(src, &info.Info)
	case PNG:
		png.Inspect(src, &info.Info)
	case WebP:
		webp.Inspect(src, &info.Info)
	case GIF:
		gif.Inspect(src, &info.Info)
	case TIFF:
		tiff.Inspect(src, &info.Info)
	case AVIF, HEIC:
		heif.Inspect(src, &info.Info)
	default:
	}
	return info
}
