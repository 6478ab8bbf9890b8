package imaging

import (
	"context"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/media"
)

// exactMaxPixels is up to how many pixels in all its frames an animation is
// tried without loss: it takes up to 2 µs each.
const exactMaxPixels = 8_000_000

// exactCost is what a pixel costs while it is written as WebP without loss, in
// pixels of engine.Engine.Cost: up to 33 bytes in libwebp (measured on 2048 by
// 2048 pixels), besides the picture.
const exactCost = 3

// exact is what is known of the picture of the present size written without
// loss.
type exact struct {
	estimates []int // bytes, by the samples so far
	body      []byte
}

// probe is a look at a sample: how it is written, and how many times as heavy
// as the lightest lossy encoding the picture may be by that to be looked at
// further.
type probe struct {
	fast  bool
	times int
}

// probes come before the picture is written without loss, which takes a
// photograph a hundred times as long as the first of them and never pays. The
// bounds were measured: see docs/pictures.md.
func probes() []probe { return []probe{{fast: true, times: 8}, {fast: false, times: 2}} }

// lightest returns the picture of the present size written without loss where
// that is lighter than best.
func (w *work) lightest(ctx context.Context, best media.Encoded) (media.Encoded, error) {
	format := imagefile.WebP
	if !w.engine.Encodes(format) {
		format = imagefile.PNG
	}
	if w.mainFormat() == imagefile.PNG {
		return best, nil // it has been written so
	}
	body, err := w.withoutLoss(ctx, format, len(best.Body))
	if err != nil || body == nil || len(body) >= len(best.Body) {
		return best, err
	}
	width, height := w.picture.Size()
	return encoded(format, width, height, body), nil
}

// withoutLoss writes the picture without loss, or returns nil where a sample
// says that it would be heavier than so many bytes, which it takes with loss.
func (w *work) withoutLoss(ctx context.Context, format imagefile.Format, bytes int) (body []byte, err error) {
	if w.exact.body != nil {
		return w.exact.body, nil
	}
	width, height := w.picture.Size()
	if frames := w.picture.Frames(); frames > 1 {
		if frames*width*height > exactMaxPixels {
			return nil, nil
		}
		if bytes, err = w.stillBytes(ctx, format); err != nil {
			return nil, err
		}
	}
	for i, p := range probes() {
		if i == len(w.exact.estimates) {
			e := engine.Encoding{Format: format, Lossless: true, Fast: p.fast}
			estimate, err := w.estimate(ctx, e, width*height)
			if err != nil {
				return nil, err
			}
			w.exact.estimates = append(w.exact.estimates, estimate)
		}
		if w.exact.estimates[i] > p.times*bytes {
			return nil, nil
		}
	}
	w.exact.body, err = w.picture.Encode(ctx, engine.Encoding{Format: format, Lossless: true})
	return w.exact.body, err
}

// stillBytes is what the first frame of an animation takes with loss. The
// sample is of it alone, and later frames are stored as what they change.
func (w *work) stillBytes(ctx context.Context, format imagefile.Format) (int, error) {
	still := w.picture.Still()
	defer still.Close()
	body, err := still.Encode(ctx, engine.Encoding{Format: format, Quality: w.preset.Quality})
	return len(body), err
}

// estimate writes a sample and reckons what so many pixels would take.
func (w *work) estimate(ctx context.Context, e engine.Encoding, pixels int) (int, error) {
	sample, err := w.picture.Sample(ctx)
	if err != nil {
		return 0, err
	}
	defer sample.Close()
	body, err := sample.Encode(ctx, e)
	if err != nil {
		return 0, err
	}
	width, height := sample.Size()
	return int(int64(len(body)) * int64(pixels) / int64(width*height)), nil
}
