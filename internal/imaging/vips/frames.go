//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"context"

	"vitrine.dev/internal/imaging/driver"
)

// timing is how an animation runs.
type timing struct {
	delays []int32 // of each frame, in milliseconds
	loop   int32   // how often; 0 is for ever
}

// decodeFrames decodes an animation. libvips gives the frames as one tall
// image; they are taken apart, so that none bleeds into the next when resized.
func (d *Driver) decodeFrames(
	ctx context.Context, mem *blob, src driver.Source, h driver.Header, width, height int,
) (driver.Picture, error) {
	strip, err := d.load(mem, src, loading{frames: true})
	if err != nil {
		return nil, err
	}
	timing := timing{delays: strip.ints("delay"), loop: strip.int("loop")}
	tagged := len(src.Profile) > 0 && src.SRGB()
	strip, err = chain(strip, func(im *image) (*image, error) { return im.materialise(ctx) })
	if err != nil {
		return nil, broken(ctx, err)
	}
	defer strip.close()

	out := &picture{timing: timing}
	for i := range strip.height() / h.Height {
		frame, err := chain(strip.ref(),
			func(im *image) (*image, error) { return im.crop(i*h.Height, h.Height) },
			func(im *image) (*image, error) { return im.resize(width, height) },
			func(im *image) (*image, error) { return im.toSRGB(tagged) },
			func(im *image) (*image, error) { return im.materialise(ctx) },
		)
		if err != nil {
			out.Close()
			return nil, broken(ctx, err)
		}
		frame.forget()
		out.frames = append(out.frames, frame)
	}
	if err := out.dropOpaque(ctx); err != nil {
		out.Close()
		return nil, broken(ctx, err)
	}
	return out, nil
}

// crop cuts rows out.
func (im *image) crop(top, height int) (*image, error) {
	return im.lib.do("extract_area").set("input", im).
		set("left", 0).set("top", top).set("width", im.width()).set("height", height).image()
}

// dropOpaque removes the alpha channel of all frames if none of them uses it.
func (p *picture) dropOpaque(ctx context.Context) error {
	for _, f := range p.frames {
		if used, err := f.transparent(); used || err != nil {
			return err
		}
	}
	for i, f := range p.frames {
		opaque, err := chain(f.ref(),
			(*image).dropOpaque,
			func(im *image) (*image, error) { return im.materialise(ctx) },
		)
		if err != nil {
			return err
		}
		f.close()
		p.frames[i] = opaque
	}
	return nil
}

// joined returns the one image that is saved: frames of an animation stand one
// below the other again.
func (p *picture) joined() (*image, error) {
	first := p.frames[0]
	if len(p.frames) == 1 {
		return first.ref(), nil
	}
	lib := first.lib
	objs := make([]*gobject, len(p.frames))
	for i, f := range p.frames {
		objs[i] = f.obj // the array takes references of its own
	}
	array := lib.ArrayImageNew(&objs[0], int32(len(objs))) //nolint:gosec // frames are bounded
	defer lib.AreaUnref(array)
	im, err := lib.do("arrayjoin").set("in", array).set("across", 1).image()
	if err != nil {
		return nil, err
	}
	lib.SetMetaInt(im.obj, "page-height", int32(first.height())) //nolint:gosec // a dimension
	lib.SetMetaInt(im.obj, "loop", p.timing.loop)
	if n := len(p.timing.delays); n > 0 {
		lib.SetMetaInts(im.obj, "delay", &p.timing.delays[0], int32(n)) //nolint:gosec // frames are bounded
	}
	return im, nil
}
