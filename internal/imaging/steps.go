package imaging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"math"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/tracing"
)

// work is one picture on its way through the steps.
type work struct {
	*Renderer

	preset        media.Preset
	source        engine.Source
	ended         bool // the file had no end: see imagefile.Repair
	header        engine.Header
	width, height int // of the source, upright
	targets       []target
	leave         func()         // gives the admission back
	picture       engine.Picture // the smallest that there is so far
	exact         exact          // what is known of it without loss
	out           media.Rendered
}

func (w *work) close() {
	if w.picture != nil {
		w.picture.Close()
	}
	if w.leave != nil {
		w.leave()
	}
}

// step is one thing that is done to a picture.
type step struct {
	name string
	do   func(context.Context, *work) error
	long bool // it may take long, and is a part of its own of what is told of the rendering
}

func steps() []step {
	return []step{
		{name: "preset", do: func(_ context.Context, w *work) error { return w.preset.Validate() }},
		{name: "sniff", do: sniff},
		{name: "announced", do: checkAnnounced},
		{name: "complete", do: checkComplete},
		{name: "header", do: readHeader},
		{name: "limits", do: checkLimits},
		{tracing.SpanAdmit, admit, true},
		{name: "pixels", do: checkPixels},
		{tracing.SpanDecode, decode, true},
		{tracing.SpanEncode, encode, true},
		{tracing.SpanPlaceholder, makePlaceholder, true},
	}
}

// sniff detects the type from the bytes, whatever URL and Content-Type say.
func sniff(_ context.Context, w *work) error {
	w.source.Body, w.ended = imagefile.Repair(w.source.Body)
	w.source.Info = imagefile.Inspect(w.source.Body)
	w.source.Whole = w.source.Whole || w.ended // see checkPixels
	if w.source.Format == imagefile.Unknown {
		return engine.Unsupported("The source sent "+sent(w.source.Body)+", not a JPEG, PNG, WebP, GIF, TIFF, AVIF or HEIC picture.", nil)
	}
	return nil
}

// sent names what is no picture.
func sent(body []byte) string {
	switch name := imagefile.MediaType(body); name {
	case "empty":
		return "an empty file"
	case "application/octet-stream":
		return "data of an unknown type (" + name + ")"
	default:
		return name
	}
}

// checkAnnounced refuses by what the structure says, before a decoder sees the
// file: too many pixels, and more parts than are bounded by them.
func checkAnnounced(_ context.Context, w *work) error {
	if err := w.checkSize(w.source.Width, w.source.Height); err != nil {
		return err
	}
	err := imagefile.Bounded(w.source.Body)
	if excess := (*structure.ExcessError)(nil); errors.As(err, &excess) {
		return fault.Fail(fault.TooComplex, fmt.Sprintf("The picture has %d %s; at most %d are accepted.",
			excess.Count, excess.Parts, excess.Limit), err)
	}
	return nil
}

func (w *work) checkSize(width, height int64) error {
	if width > 0 && height > math.MaxInt64/width {
		return tooMany("The picture has more than %d pixels; at most %d are accepted.", math.MaxInt64, w.cfg.MaxPixels)
	}
	if pixels := width * height; pixels > w.cfg.MaxPixels {
		return tooMany("The picture has %d pixels; at most %d are accepted.", pixels, w.cfg.MaxPixels)
	}
	return nil
}

// checkComplete refuses what is evidently cut off.
func checkComplete(_ context.Context, w *work) error {
	if err := imagefile.Complete(w.source.Body); err != nil {
		return engine.Broken(err)
	}
	return nil
}

func readHeader(_ context.Context, w *work) (err error) {
	switch w.source.Format {
	case imagefile.GIF, imagefile.PNG, imagefile.WebP: // before a list of them is made
		if err := w.checkFrames(w.source.Frames); err != nil {
			return err
		}
	default: // of a sequence only one picture is decoded
	}
	w.header, err = w.engine.Header(w.source)
	if err != nil {
		return w.unreadable(err)
	}
	if w.header.Width < 1 || w.header.Height < 1 || w.header.Frames < 1 {
		return w.unreadable(engine.Broken(fmt.Errorf("header says %+v", w.header)))
	}
	w.width, w.height = w.header.Upright(w.source.Orientation)
	w.out.Width, w.out.Height = w.width, w.height
	return nil
}

// unreadable blames the coding of the source, where few decoders know it, for
// what the engine may have taken for damage.
func (w *work) unreadable(err error) error {
	f, ok := fault.FailureOf(err)
	if w.source.Coding == "" || !ok || f.Reason != fault.DecodeFailed && f.Reason != fault.UnsupportedType {
		return err
	}
	return engine.Unsupported("This server cannot read "+string(w.source.Coding)+".", err)
}

// checkLimits refuses a picture before a pixel of it is decoded.
func checkLimits(_ context.Context, w *work) error {
	if err := w.checkSize(int64(w.width), int64(w.height)); err != nil {
		return err
	}
	pixels := int64(w.width) * int64(w.height)
	if frames := int64(w.header.Frames); frames > 1 && pixels*frames > w.cfg.MaxAnimationPixels {
		return tooMany("The animation has %d pixels in all frames; at most %d are accepted.",
			pixels*frames, w.cfg.MaxAnimationPixels)
	}
	w.targets = targetsOf(w.width, w.height, w.preset)
	return w.checkFrames(w.header.Frames)
}

func (w *work) checkFrames(frames int) error {
	if frames > w.cfg.MaxFrames {
		return tooMany("The animation has %d frames; at most %d are accepted.", int64(frames), int64(w.cfg.MaxFrames))
	}
	return nil
}

func tooMany(format string, is, limit int64) error {
	return fault.Fail(fault.TooManyPixels, fmt.Sprintf(format, is, limit), nil)
}

// admit waits until there is room for the picture. It refuses one that takes
// more memory than a picture within the limits may: dozens of channels, a
// million columns.
func admit(ctx context.Context, w *work) (err error) {
	largest := w.targets[0]
	cost := w.engine.Cost(w.source, w.header, largest.width, largest.height)
	if limit := max(w.cfg.PixelBudget, w.engine.Heaviest()*w.cfg.MaxPixels); cost > limit {
		return tooMany("The picture takes as much memory as one of %d pixels; at most %d are accepted.", cost, limit)
	}
	if w.source.Lossless && w.engine.Encodes(imagefile.WebP) {
		cost = max(cost, exactCost*int64(largest.pixels()))
	}
	w.leave, err = w.admit.Enter(ctx, cost)
	return err
}

// checkPixels refuses a frame that is not there to its end. That of a JPEG
// which had no end is decoded once more for it: libvips makes do with the last
// rows that it gets.
func checkPixels(_ context.Context, w *work) error {
	if w.ended {
		if _, err := jpeg.Decode(bytes.NewReader(w.source.Body)); err != nil {
			return engine.Broken(fmt.Errorf("no end, and not all pixels: %w", err))
		}
	}
	if err := imagefile.CompletePixels(w.source.Body); err != nil {
		return engine.Broken(err)
	}
	return nil
}

// decode decodes to the largest size that is wanted.
func decode(ctx context.Context, w *work) (err error) {
	largest := w.targets[0]
	w.picture, err = w.engine.Decode(ctx, w.source, w.header, largest.width, largest.height)
	if err != nil && w.source.Coding != structure.ArithmeticJPEG { // whose damage shows here
		return w.unreadable(err)
	}
	return err
}
