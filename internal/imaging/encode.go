package imaging

import (
	"context"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/media"
)

// encode goes down the sizes, each made of the one before it, and encodes what
// is wanted at each.
func encode(ctx context.Context, w *work) error {
	if w.header.Frames > w.picture.Frames() && w.passThrough() {
		return nil
	}
	w.note()
	for _, t := range w.targets {
		if err := w.shrinkTo(ctx, t.width, t.height); err != nil {
			return err
		}
		if t.compressed {
			if err := w.compress(ctx, t); err != nil {
				return err
			}
		}
		if t.variant {
			if err := w.encodeVariants(ctx); err != nil {
				return err
			}
		}
	}
	slices.Reverse(w.out.Variants) // they came from the largest to the smallest
	return nil
}

// shrinkTo replaces the picture by a smaller one.
func (w *work) shrinkTo(ctx context.Context, width, height int) error {
	if pw, ph := w.picture.Size(); pw == width && ph == height {
		return nil
	}
	small, err := w.picture.Resize(ctx, width, height)
	if err != nil {
		return err
	}
	w.picture.Close()
	w.picture, w.exact = small, exact{}
	return nil
}

// passThrough publishes an animation that the engine has read to its end, but
// for showing only its first frame, as it came: without its metadata and
// without variants. It reports false where the animation is too large for that.
func (w *work) passThrough() bool {
	body, err := imagefile.Strip(w.source.Body)
	if err != nil || max(w.width, w.height) > w.preset.Box || !w.asIs() {
		return false
	}
	w.out.Compressed = encoded(w.source.Format, w.width, w.height, body)
	return true
}

// note says what of the source is not shown.
func (w *work) note() {
	if w.source.Frames > w.picture.Frames() {
		w.out.Notes = append(w.out.Notes, catalog.FirstFrameOnly)
	}
	if w.source.Pages > 1 {
		w.out.Notes = append(w.out.Notes, catalog.FirstPageOnly)
	}
}

// asIs reports whether the source's own pixels are what is to be published:
// upright and sRGB.
func (w *work) asIs() bool { return w.source.Orientation == 1 && w.source.SRGB() }

// allowance is how many bytes a picture may be heavier than its source before
// its quality pays for it.
const allowance = 2 << 10

// compress makes the compressed picture of the present size. Where it cannot be
// as light as the source it costs quality, never dimensions.
func (w *work) compress(ctx context.Context, t target) error {
	good, poor := w.compressedLadder(t.width == w.width && t.height == w.height)
	best, err := w.choose(ctx, good, poor, len(w.source.Body))
	if err != nil {
		return err
	}
	w.out.Compressed = best
	return nil
}

// encodeVariants makes the variants of the present size, no heavier than a
// larger picture that is there already. One that cannot be made as light as the
// source is left out, and AVIF that is no lighter than WebP.
func (w *work) encodeVariants(ctx context.Context) error {
	limit := len(w.source.Body)
	if made := w.out.Compressed.Body; made != nil {
		limit = min(limit, len(made))
	}
	good, poor := w.variantLadder()
	v, err := w.choose(ctx, good, poor, limit)
	if err != nil {
		return err
	}
	if len(v.Body) > len(w.source.Body) {
		return nil
	}
	if w.preset.AVIFQuality > 0 && w.engine.Encodes(imagefile.AVIF) && w.picture.Frames() == 1 {
		body, err := w.picture.Encode(ctx, engine.Encoding{Format: imagefile.AVIF, Quality: w.preset.AVIFQuality})
		if err != nil {
			return err
		}
		if len(body) < len(v.Body) {
			w.out.Variants = append(w.out.Variants, encoded(imagefile.AVIF, v.Width, v.Height, body))
		}
	}
	w.out.Variants = append(w.out.Variants, v) // behind AVIF, since all are reversed
	return nil
}

// choose returns the best of the good encodings, or of the poor ones where all
// of the good ones are much heavier than the limit. Of a source without loss the
// lightest good encoding is best, of others the first within the limit.
func (w *work) choose(ctx context.Context, good, poor []rung, limit int) (media.Encoded, error) {
	first := limit
	if w.source.Lossless {
		first = -1
	}
	best, err := w.descend(ctx, media.Encoded{}, good, first)
	if err == nil && w.source.Lossless {
		best, err = w.lightest(ctx, best)
	}
	if err != nil || len(best.Body) <= limit+allowance {
		return best, err
	}
	return w.descend(ctx, best, poor, limit)
}

// descend steps down the ladder to the first encoding within the limit, and
// returns the lightest, best included, if there is none.
func (w *work) descend(ctx context.Context, best media.Encoded, ladder []rung, limit int) (media.Encoded, error) {
	width, height := w.picture.Size()
	for _, r := range ladder {
		body, format, err := w.write(ctx, r)
		if err != nil {
			return media.Encoded{}, err
		}
		if body != nil && (best.Body == nil || len(body) < len(best.Body)) {
			best = encoded(format, width, height, body)
		}
		if body != nil && len(body) <= limit {
			return best, nil
		}
	}
	return best, nil
}

// write follows a rung. It returns nil where the source's own bytes are wanted
// and not built by the book, which the engine could read all the same.
func (w *work) write(ctx context.Context, r rung) ([]byte, imagefile.Format, error) {
	if r.stripped {
		body, err := imagefile.Strip(w.source.Body)
		if err != nil {
			return nil, "", nil //nolint:nilerr // another rung is taken
		}
		return body, w.source.Format, nil
	}
	body, err := w.picture.Encode(ctx, r.Encoding)
	return body, r.Format, err
}

func encoded(f imagefile.Format, width, height int, body []byte) media.Encoded {
	return media.Encoded{Format: string(f), ContentType: f.ContentType(), Width: width, Height: height, Body: body}
}
