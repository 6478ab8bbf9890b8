package imaging

import (
	"context"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/imaging/container"
	"vitrine.dev/internal/imaging/driver"
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
	w.picture = small
	return nil
}

// passThrough publishes an animation that the engine has read to its end, but
// for showing only its first frame, as it came: without its metadata and
// without variants. It reports false where the animation is too large for that.
func (w *work) passThrough() bool {
	body, err := container.Strip(w.source.Body)
	if err != nil || max(w.width, w.height) > Box || !w.asIs() {
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

// compress makes the compressed picture of the present size.
func (w *work) compress(ctx context.Context, t target) error {
	same := t.width == w.width && t.height == w.height
	best, err := w.descend(ctx, w.picture, w.compressedLadder(same))
	if err != nil {
		return err
	}
	if same && len(best.Body) > len(w.source.Body) {
		if best, err = w.shrinkUntilLighter(ctx, best); err != nil {
			return err
		}
	}
	w.out.Compressed = best
	return nil
}

// shrinkUntilLighter gives up dimensions where no encoding of the source's own
// is as light as the source.
func (w *work) shrinkUntilLighter(ctx context.Context, best media.Encoded) (media.Encoded, error) {
	for width, height := w.width, w.height; len(best.Body) > len(w.source.Body) && width*height > 1; {
		width, height = scaled(width, 3, 4), scaled(height, 3, 4)
		if width*height <= 4 { // three quarters of two are two
			width, height = 1, 1
		}
		small, err := w.picture.Resize(ctx, width, height)
		if err != nil {
			return media.Encoded{}, err
		}
		best, err = w.descend(ctx, small, w.compressedLadder(false))
		small.Close()
		if err != nil {
			return media.Encoded{}, err
		}
	}
	return best, nil
}

// encodeVariants makes the variants of the present size. One that cannot be
// made as light as the source is left out.
func (w *work) encodeVariants(ctx context.Context) error {
	for _, ladder := range w.variantLadders() {
		v, err := w.descend(ctx, w.picture, ladder)
		if err != nil {
			return err
		}
		if len(v.Body) <= len(w.source.Body) {
			w.out.Variants = append(w.out.Variants, v)
		}
	}
	return nil
}

// descend steps down the ladder to the first encoding that is no heavier than
// the source, and returns the lightest if there is none.
func (w *work) descend(ctx context.Context, p driver.Picture, ladder []rung) (best media.Encoded, err error) {
	width, height := p.Size()
	for _, r := range ladder {
		var body []byte
		format := r.Format
		if r.stripped {
			format = w.source.Format
			if body, err = container.Strip(w.source.Body); err != nil {
				continue // the engine read what is not built by the book
			}
		} else if body, err = p.Encode(ctx, r.Encoding); err != nil {
			return media.Encoded{}, err
		}
		if best.Body == nil || len(body) < len(best.Body) {
			best = encoded(format, width, height, body)
		}
		if len(body) <= len(w.source.Body) {
			return best, nil
		}
	}
	return best, nil
}

func encoded(f container.Format, width, height int, body []byte) media.Encoded {
	return media.Encoded{Format: string(f), ContentType: f.ContentType(), Width: width, Height: height, Body: body}
}
