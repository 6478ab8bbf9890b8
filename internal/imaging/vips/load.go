//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"fmt"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
)

// Values of enums of libvips.
const (
	accessSequential = 1 // VIPS_ACCESS_SEQUENTIAL
	failOnWarning    = 3 // VIPS_FAIL_ON_WARNING
)

// loading says how much of a source to load.
type loading struct {
	shrink int     // 2, 4 or 8: by the DCT of JPEG
	scale  float64 // below 1: by the decoder of WebP
	frames bool    // all of them, one below the other
}

// load opens a source. Pixels are decoded, and errors in them come up, when
// they are asked for.
func (e *Engine) load(mem *blob, src engine.Source, l loading) (*image, error) {
	loader, ok := map[imagefile.Format]string{
		imagefile.JPEG: "jpegload_buffer", imagefile.PNG: "pngload_buffer",
		imagefile.WebP: "webpload_buffer", imagefile.TIFF: "tiffload_buffer",
		imagefile.AVIF: "heifload_buffer", imagefile.HEIC: "heifload_buffer",
	}[src.Format]
	if !ok || e.lib.TypeFind("VipsOperation", loader) == 0 {
		return nil, engine.Unsupported(fmt.Sprintf("Pictures of type %s cannot be read by this server.", src.Format), nil)
	}
	op := e.lib.do(loader).set("buffer", mem.mem).set("access", accessSequential)
	if op.has("fail_on") {
		op.set("fail_on", failOnWarning)
	} else { // before 8.12
		op.offer("fail", true)
	}
	if l.shrink > 1 {
		op.set("shrink", l.shrink)
	}
	if l.scale > 0 && l.scale < 1 {
		op.set("scale", l.scale)
	}
	if l.frames {
		op.set("n", -1)
	}
	im, err := op.image()
	if err != nil {
		return nil, engine.Broken(err)
	}
	if src.Assigned {
		im.assign(src.Profile)
	}
	return im, nil
}

// shrinkOnLoad chooses how far the decoder itself can shrink the source without
// going below the size.
func shrinkOnLoad(src engine.Source, h engine.Header, width, height int) loading {
	switch src.Format {
	case imagefile.JPEG:
		for _, n := range []int{8, 4, 2} {
			if h.Width/n >= width && h.Height/n >= height {
				return loading{shrink: n}
			}
		}
	case imagefile.WebP:
		return loading{scale: max(float64(width)/float64(h.Width), float64(height)/float64(h.Height))}
	default: // the other decoders know one size
	}
	return loading{}
}
