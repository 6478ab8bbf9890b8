//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"fmt"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
)

// Engine is the engine on libvips.
type Engine struct {
	lib     *library
	encodes map[imagefile.Format]bool
}

var _ engine.Engine = (*Engine)(nil)

// Open loads libvips from path or, where that is empty, from the usual places.
// One process has one libvips: the first path counts.
func Open(path string) (*Engine, error) {
	lib, err := open(path)
	if err != nil {
		return nil, err
	}
	d := &Engine{lib: lib, encodes: make(map[imagefile.Format]bool)}
	for format, saver := range map[imagefile.Format]string{
		imagefile.JPEG: "jpegsave_buffer", imagefile.WebP: "webpsave_buffer",
		imagefile.PNG: "pngsave_buffer", imagefile.AVIF: "heifsave_buffer",
	} {
		d.encodes[format] = lib.TypeFind("VipsOperation", saver) != 0
	}
	for _, f := range []imagefile.Format{imagefile.JPEG, imagefile.WebP} {
		if !d.encodes[f] {
			return nil, fmt.Errorf("open libvips: %s was built without support for %s", d.Name(), f)
		}
	}
	return d, nil
}

// Name is "libvips" and its version.
func (e *Engine) Name() string {
	v := e.lib.version
	return fmt.Sprintf("libvips %d.%d.%d", v[0], v[1], v[2])
}

// Encodes reports whether the library was built with an encoder of the format.
func (e *Engine) Encodes(f imagefile.Format) bool { return e.encodes[f] }

// Memory returns how many bytes libvips has allocated for pixels and in how
// many pieces.
func (e *Engine) Memory() (bytes uint64, allocations int) {
	return uint64(e.lib.TrackedMemory()), int(e.lib.TrackedAllocs())
}

// Header opens the source without decoding it.
func (e *Engine) Header(src engine.Source) (engine.Header, error) {
	switch a, err := animationOf(src); {
	case err != nil:
		return engine.Header{}, err
	case a != nil: // drawn in four bytes a pixel
		h := engine.Header{Width: a.Width, Height: a.Height, Frames: len(a.Frames), Channels: 4, PixelBytes: 4, Played: true}
		if a.Deep {
			h.Deep, h.PixelBytes = true, 8
		}
		return h, nil
	}
	mem := e.lib.lend(src.Body)
	defer mem.release()
	im, err := e.load(mem, src, loading{})
	if err != nil {
		return engine.Header{}, err
	}
	defer im.close()
	h := engine.Header{
		Width: im.width(), Height: im.height(), Frames: 1, Channels: im.bands(), PixelBytes: im.pixelBytes(),
	}
	if src.Format == imagefile.WebP {
		h.Frames = max(1, int(e.lib.Pages(im.obj)))
	}
	return h, nil
}
