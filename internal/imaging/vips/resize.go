//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"context"
	"fmt"
	"unsafe"
)

// resize makes the image exactly so large. Colours of transparent pixels do
// not bleed into their neighbours.
func (im *image) resize(ctx context.Context, width, height int) (*image, error) {
	if im.width() == width && im.height() == height {
		return im, nil
	}
	if im.turns(width, height) {
		return im.resizeTurned(ctx, width, height)
	}
	scale := func(im *image) (*image, error) {
		return im.lib.do("resize").set("in", im).
			set("scale", float64(width)/float64(im.width())).
			set("vscale", float64(height)/float64(im.height())).image()
	}
	if !im.hasAlpha() {
		return scale(im)
	}
	format := im.format()
	premultiplied, err := im.lib.do("premultiply").set("in", im).image()
	if err != nil {
		return nil, err
	}
	return chain(premultiplied,
		scale,
		func(im *image) (*image, error) { return im.lib.do("unpremultiply").set("in", im).image() },
		func(im *image) (*image, error) { return im.cast(format) },
	)
}

const (
	rgb       = 3         // bytes of a pixel
	mostTurns = 8_000_000 // pixels, 24 MB, of a picture that is turned
)

// turns reports whether resizeTurned is for the image.
func (im *image) turns(width, height int) bool {
	return im.lib.slowRows && im.format() == formatByte && im.bands() == rgb && im.interpretation() == spaceSRGB &&
		width < im.width() && height <= im.height() && im.width()*height <= mostTurns
}

// resizeTurned makes the image smaller with reducev alone, which computes many samples at once: for the second
// direction columns become rows, and rows again. Before libvips 8.15 reduceh computes each sample by itself, which
// takes most of the time of a resize; so that is halved, turning included. The result is in memory.
func (im *image) resizeTurned(ctx context.Context, width, height int) (*image, error) {
	w, profile := im.width(), im.profile()
	rows, err := im.reduceRows(ctx, height)
	if err != nil {
		return nil, err
	}
	turned, err := im.lib.room(w, height)
	if err != nil {
		rows.close()
		return nil, err
	}
	rows.turnTo(turned)
	rows.close()
	columns, err := im.lib.reduceTurned(ctx, turned, w, width, height)
	im.lib.GFree(turned)
	if err != nil {
		return nil, err
	}
	defer columns.close()
	pix, err := im.lib.room(width, height)
	if err != nil {
		return nil, err
	}
	columns.turnTo(pix)
	return im.lib.adopt(pix, width, height, profile)
}

// room is memory for so many pixels, to be freed: beside Go's heap, which would grow to twice of it.
func (l *library) room(width, height int) (*byte, error) {
	pix := l.TryMalloc(uintptr(width * height * rgb))
	if pix == nil {
		return nil, fmt.Errorf("resize: no memory for %d by %d pixels", width, height)
	}
	return pix, nil
}

// reduceRows computes the image with fewer rows, as resize does.
func (im *image) reduceRows(ctx context.Context, rows int) (*image, error) {
	if im.height() == rows {
		return im.materialise(ctx)
	}
	return chain(im.ref(),
		func(im *image) (*image, error) {
			return im.lib.do("reducev").set("in", im).set("vshrink", float64(im.height())/float64(rows)).
				offer("gap", resizeGap).image()
		},
		func(im *image) (*image, error) { return im.materialise(ctx) },
	)
}

// resizeGap is what resize gives reducev: how much of the shrinking is left to its kernel.
const resizeGap = 2.0

// reduceTurned reduces the w rows of a turned picture to width.
func (l *library) reduceTurned(ctx context.Context, pix *byte, w, width, height int) (*image, error) {
	obj := l.FromMemory(pix, uintptr(w*height*rgb), int32(height), int32(w), rgb, formatByte) //nolint:gosec // dimensions are limited
	if obj == nil {
		return nil, l.failure("new_from_memory")
	}
	turned := &image{lib: l, obj: obj}
	defer turned.close()
	return turned.reduceRows(ctx, width)
}

// turnTo writes the pixels of the image, which must be in memory, column by column to as much room.
func (im *image) turnTo(pix *byte) {
	width, height := im.width(), im.height()
	n := width * height * rgb
	turn(unsafe.Slice(pix, n), unsafe.Slice(im.lib.Data(im.obj), n), width, height) //nolint:gosec // that large is an image of bytes
}

// turn writes the pixels of src, of so many columns and rows, to dst column by column: squares of them, which stay in
// the cache. Both have width*height pixels.
func turn(dst, src []byte, width, height int) {
	const side = 32
	_, _ = dst[width*height*rgb-1], src[width*height*rgb-1]
	from, to := unsafe.Pointer(unsafe.SliceData(src)), unsafe.Pointer(unsafe.SliceData(dst)) //nolint:gosec // within both, as was seen
	for top := 0; top < height; top += side {
		bottom := min(top+side, height)
		for left := 0; left < width; left += side {
			for x := left; x < min(left+side, width); x++ {
				s, d := unsafe.Add(from, (top*width+x)*rgb), unsafe.Add(to, (x*height+top)*rgb)
				for range bottom - top {
					*(*[2]byte)(d) = *(*[2]byte)(s)
					*(*byte)(unsafe.Add(d, 2)) = *(*byte)(unsafe.Add(s, 2))
					s, d = unsafe.Add(s, width*rgb), unsafe.Add(d, rgb)
				}
			}
		}
	}
}
