//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"context"
	"errors"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/engine"
)

// Decode decodes the source once, to the size.
func (e *Engine) Decode(ctx context.Context, src engine.Source, h engine.Header, width, height int) (engine.Picture, error) {
	switch a, err := animationOf(src); {
	case err != nil:
		return nil, err
	case a != nil:
		return e.played(ctx, a, src, width, height)
	case h.Frames > 1:
		return e.unrolled(ctx, src, h, width, height)
	}
	mem := e.lib.lend(src.Body)
	defer mem.release()
	// Shrinking comes before rotating: only the small picture need be in memory.
	w, t := width, height
	if src.Orientation >= 5 {
		w, t = height, width
	}
	im, err := e.load(mem, src, shrinkOnLoad(src, h, w, t))
	if err != nil {
		return nil, err
	}
	toSRGB := func(im *image) (*image, error) { return im.toSRGB(len(src.Profile) > 0 && src.SRGB()) }
	im, err = chain(im,
		(*image).withoutExtras,
		func(im *image) (*image, error) { return im.inkFirst(toSRGB) },
		func(im *image) (*image, error) { return im.resize(ctx, w, t) },
		toSRGB,
		func(im *image) (*image, error) { return im.materialise(ctx) },
		func(im *image) (*image, error) { return im.upright(src.Orientation) },
		func(im *image) (*image, error) { return im.dropOpaque() },
		func(im *image) (*image, error) { return im.materialise(ctx) },
	)
	if err != nil {
		return nil, broken(ctx, err)
	}
	im.forget()
	return &picture{frames: []*image{im}}, nil
}

// broken blames the source for an error in decoding, unless ctx is done.
func broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, known := fault.FailureOf(err); known {
		return err
	}
	if call := (*callError)(nil); errors.As(err, &call) {
		return engine.Broken(err)
	}
	return engine.Crashed(err)
}

// step makes an image of another, which stays open. It may return its own
// argument.
type step func(*image) (*image, error)

// chain passes the image through the steps and closes every image but the
// last, also the first.
func chain(im *image, steps ...step) (*image, error) {
	for _, do := range steps {
		next, err := do(im)
		if next != im {
			im.close()
		}
		if err != nil {
			return nil, err
		}
		im = next
	}
	return im, nil
}

func (im *image) cast(format int) (*image, error) {
	if im.format() == format {
		return im, nil
	}
	return im.lib.do("cast").set("in", im).set("format", format).image()
}

// upright obeys the EXIF orientation. The image must be in memory.
func (im *image) upright(orientation int) (*image, error) {
	const (
		quarter, half, threeQuarters = 1, 2, 3 // VIPS_ANGLE_D90, …
		horizontal, vertical         = 0, 1    // VIPS_DIRECTION_…
	)
	rotate := func(angle int) step {
		return func(im *image) (*image, error) { return im.lib.do("rot").set("in", im).set("angle", angle).image() }
	}
	flip := func(direction int) step {
		return func(im *image) (*image, error) {
			return im.lib.do("flip").set("in", im).set("direction", direction).image()
		}
	}
	switch orientation {
	case 2:
		return flip(horizontal)(im)
	case 3:
		return rotate(half)(im)
	case 4:
		return flip(vertical)(im)
	case 5:
		return chain(im.ref(), rotate(quarter), flip(horizontal))
	case 6:
		return rotate(quarter)(im)
	case 7:
		return chain(im.ref(), rotate(threeQuarters), flip(horizontal))
	case 8:
		return rotate(threeQuarters)(im)
	default:
		return im, nil
	}
}

// transparent reports whether a pixel is not opaque. The image must be in
// memory and in 8 bits.
func (im *image) transparent() (bool, error) {
	if !im.hasAlpha() {
		return false, nil
	}
	alpha, err := im.extract(im.bands()-1, 1)
	if err != nil {
		return false, err
	}
	defer alpha.close()
	least, err := im.lib.do("min").set("in", alpha).number()
	return least < 255, err
}

// dropOpaque removes an alpha channel that hides nothing.
func (im *image) dropOpaque() (*image, error) {
	if !im.hasAlpha() {
		return im, nil
	}
	if used, err := im.transparent(); used || err != nil {
		return im, err
	}
	return im.firstBands(im.bands() - 1)
}
