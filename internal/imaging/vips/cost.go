//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
)

const (
	// rowsHeld is how many rows of the source are held beside the picture that
	// is made of them, while it streams through.
	rowsHeld = 1024
	// rowsAtOnce is how many rows go through the steps together, in each of
	// them as four floating-point numbers, and four times over.
	rowsAtOnce = 16
	// overhead is what a pixel takes besides two copies as it is stored, in
	// bytes.
	overhead = 10
	// playedGIF and playedPNG are what a pixel of the canvas takes while frames
	// are drawn on it, in bytes: the canvas, what it was before, and of a PNG one
	// frame and what the collector has not yet freed of the one before it.
	playedGIF, playedPNG = 4, 20
)

// pixelBytes is the size of a pixel as libvips decodes it.
func (im *image) pixelBytes() int { return im.bands() * formatBytes(im.format()) }

// formatBytes is the size of a sample in a VipsBandFormat.
func formatBytes(format int) int {
	switch format {
	case 0, 1: // characters
		return 1
	case 2, 3: // short integers
		return 2
	case 4, 5, 6: // integers, floats
		return 4
	case 7, 8: // complex numbers, doubles
		return 8
	default: // complex doubles
		return 16
	}
}

// Heaviest is 2: sixteen bits a channel with alpha take 26 bytes a pixel.
func (e *Engine) Heaviest() int64 { return 2 }

// Cost counts the whole picture, and every frame, where the decoder holds it;
// else what is kept after shrinking. TIFF is held whole: libvips keeps planes
// and rows of tiles, which may be as large as the picture.
func (e *Engine) Cost(src engine.Source, h engine.Header, width, height int) int64 {
	pixels := int64(h.Width) * int64(h.Height) * int64(h.Frames)
	if streams := src.Format == imagefile.JPEG || src.Format == imagefile.PNG; streams && !src.Whole && !h.Played {
		// The picture and its largest copy while it is rotated or encoded.
		pixels = min(pixels, 2*int64(width)*int64(height)+int64(h.Width)*rowsHeld)
	}
	bytes := pixels * max(engine.BytesPerPixel, overhead+2*int64(h.PixelBytes))
	switch canvas := int64(h.Width) * int64(h.Height); {
	case h.Played && src.Format == imagefile.GIF:
		bytes += canvas * playedGIF
	case h.Played:
		bytes += canvas * playedPNG
	}
	// Of a picture with few rows, what is at work is more than what is kept.
	work := int64(h.Width) * int64(min(h.Height, rowsAtOnce)) * int64(h.Channels)
	return max((bytes+engine.BytesPerPixel-1)/engine.BytesPerPixel, work)
}
