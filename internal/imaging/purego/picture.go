package purego

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
)

// picture is one picture in planes: luma and two chroma planes of half its
// size, or one of grey, or one of premultiplied RGBA.
type picture struct {
	planes        []plane
	width, height int
	alpha         bool
}

var _ engine.Picture = (*picture)(nil)

func (p *picture) Size() (width, height int) { return p.width, p.height }
func (p *picture) Frames() int               { return 1 }
func (p *picture) Alpha() bool               { return p.alpha }
func (p *picture) Still() engine.Picture     { return p }
func (p *picture) Close()                    {}

// Resize makes the picture smaller.
func (p *picture) Resize(ctx context.Context, width, height int) (engine.Picture, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("resize: %w", context.Cause(ctx))
	}
	return p.resized(width, height), nil
}

func (p *picture) resized(width, height int) *picture {
	if width == p.width && height == p.height {
		return p
	}
	out := &picture{width: width, height: height, alpha: p.alpha}
	scaleX, scaleY := float64(p.width)/float64(width), float64(p.height)/float64(height)
	for i, pl := range p.planes {
		w, h := width, height
		if i > 0 { // chroma covers the same ground with half the samples
			w, h = (width+1)/2, (height+1)/2
		}
		out.planes = append(out.planes, pl.resample(w, h, scaleX, scaleY))
	}
	if p.alpha {
		out.planes[0].boundByAlpha()
	}
	return out
}

// boundByAlpha takes back what the filter overshot: a premultiplied colour is
// never above its alpha.
func (p plane) boundByAlpha() {
	for i := 0; i+3 < len(p.pix); i += 4 {
		a := p.pix[i+3]
		p.pix[i], p.pix[i+1], p.pix[i+2] = min(p.pix[i], a), min(p.pix[i+1], a), min(p.pix[i+2], a)
	}
}

// Encode writes JPEG or PNG.
func (p *picture) Encode(ctx context.Context, e engine.Encoding) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("encode: %w", context.Cause(ctx))
	}
	var b bytes.Buffer
	var err error
	switch e.Format {
	case imagefile.JPEG:
		err = jpeg.Encode(&b, p.image(), &jpeg.Options{Quality: e.Quality})
	case imagefile.PNG:
		err = encodePNG(&b, p.image(), e.Fast)
	default:
		err = fmt.Errorf("no encoder for %s", e.Format)
	}
	if err != nil {
		return nil, engine.Crashed(err)
	}
	return b.Bytes(), nil
}

// image returns the picture as the standard library knows it.
func (p *picture) image() image.Image {
	bounds := image.Rect(0, 0, p.width, p.height)
	first := p.planes[0]
	switch {
	case len(p.planes) == 3:
		return &image.YCbCr{
			Y: first.pix, Cb: p.planes[1].pix, Cr: p.planes[2].pix,
			YStride: first.stride, CStride: p.planes[1].stride,
			SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: bounds,
		}
	case first.channels == 1:
		return &image.Gray{Pix: first.pix, Stride: first.stride, Rect: bounds}
	default:
		return &image.RGBA{Pix: first.pix, Stride: first.stride, Rect: bounds}
	}
}
