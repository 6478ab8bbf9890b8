//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"context"
	"errors"

	"vitrine.dev/internal/imaging/animation"
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/png"
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagefile/webp"
)

// timing is how an animation runs.
type timing struct {
	delays []int32 // of each frame, in milliseconds
	loop   int32   // how often; 0 is for ever
}

// unrolled decodes an animated WebP. libvips gives the frames as one tall image;
// they are taken apart, so that none bleeds into the next when resized.
func (e *Engine) unrolled(
	ctx context.Context, src engine.Source, h engine.Header, width, height int,
) (engine.Picture, error) {
	// Where the file says that it is opaque, libvips paints black what no frame
	// covers, which browsers leave transparent.
	mem := e.lib.lend(webp.WithAlpha(src.Body))
	defer mem.release()
	strip, err := e.load(mem, src, loading{frames: true})
	if err != nil {
		return nil, err
	}
	timing := timing{delays: strip.ints("delay"), loop: strip.int("loop")}
	strip, err = chain(strip, func(im *image) (*image, error) { return im.materialise(ctx) })
	if err != nil {
		return nil, broken(ctx, err)
	}
	defer strip.close()

	return collect(ctx, timing, strip.height()/h.Height, func(i int) (*image, error) {
		return chain(strip.ref(),
			func(im *image) (*image, error) { return im.crop(i*h.Height, h.Height) },
			func(im *image) (*image, error) { return im.finish(ctx, src, width, height) },
		)
	})
}

// played decodes a GIF, also of one frame, or an animated PNG. libvips reads
// only the still picture of a PNG, and paints what no frame of a GIF covers.
func (e *Engine) played(
	ctx context.Context, a *structure.Animation, src engine.Source, width, height int,
) (engine.Picture, error) {
	timing := timing{loop: int32(a.Plays)} //nolint:gosec // 16 bits
	for _, f := range a.Frames {
		timing.delays = append(timing.delays, int32(f.Delay)) //nolint:gosec // a fraction of 16 bits
	}
	player := animation.Play(a)
	return collect(ctx, timing, len(a.Frames), func(int) (*image, error) {
		canvas, err := player.Next()
		if err != nil {
			return nil, engine.Broken(err)
		}
		im, err := e.lib.fromRGBA(canvas.Pix, a.Width, a.Height, src.Profile)
		if err != nil {
			return nil, err
		}
		return chain(im, func(im *image) (*image, error) { return im.finish(ctx, src, width, height) })
	})
}

// animationOf returns how the source is to be played; nil where libvips decodes
// it by itself.
func animationOf(src engine.Source) (*structure.Animation, error) {
	switch {
	case src.Format == imagefile.GIF:
		a, err := gif.Animation(src.Body)
		if err == nil && len(a.Frames) == 0 {
			err = errors.New("no frame")
		}
		if err != nil {
			return nil, engine.Broken(err)
		}
		return a, nil
	case src.Format == imagefile.PNG:
		return png.Animation(src.Body), nil
	default:
		return nil, nil //nolint:nilnil // no animation is no error
	}
}

// finish brings a decoded frame to the size and to sRGB, upright, in memory.
func (im *image) finish(ctx context.Context, src engine.Source, width, height int) (*image, error) {
	if src.Orientation >= 5 {
		width, height = height, width
	}
	out, err := chain(im.ref(),
		func(im *image) (*image, error) { return im.resize(ctx, width, height) },
		func(im *image) (*image, error) { return im.toSRGB(len(src.Profile) > 0 && src.SRGB()) },
		func(im *image) (*image, error) { return im.materialise(ctx) },
		func(im *image) (*image, error) { return im.upright(src.Orientation) },
		func(im *image) (*image, error) { return im.materialise(ctx) },
	)
	if err == nil {
		out.forget()
	}
	return out, err
}

// collect makes a picture of n frames.
func collect(ctx context.Context, t timing, n int, frame func(i int) (*image, error)) (engine.Picture, error) {
	out := &picture{timing: t}
	fail := func(err error) (engine.Picture, error) {
		out.Close()
		return nil, broken(ctx, err)
	}
	for i := range n {
		if ctx.Err() != nil {
			return fail(context.Cause(ctx))
		}
		f, err := frame(i)
		if err != nil {
			return fail(err)
		}
		out.frames = append(out.frames, f)
	}
	if err := out.dropOpaque(ctx); err != nil {
		return fail(err)
	}
	return out, nil
}

// area cuts a rectangle out.
func (im *image) area(left, top, width, height int) (*image, error) {
	return im.lib.do("extract_area").set("input", im).
		set("left", left).set("top", top).set("width", width).set("height", height).image()
}

// crop cuts rows out.
func (im *image) crop(top, height int) (*image, error) { return im.area(0, top, im.width(), height) }

// arrange puts images of one size into one, so many in each row.
func arrange(images []*image, across int) (*image, error) {
	lib := images[0].lib
	objs := make([]*gobject, len(images))
	for i, im := range images {
		objs[i] = im.obj // the array takes references of its own
	}
	array := lib.ArrayImageNew(&objs[0], int32(len(objs))) //nolint:gosec // frames are bounded
	defer lib.AreaUnref(array)
	return lib.do("arrayjoin").set("in", array).set("across", across).image()
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
	im, err := arrange(p.frames, 1)
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
