package purego

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/tiff"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	giffile "vitrine.dev/internal/imaging/imagefile/gif"
)

// Engine is the engine in pure Go.
type Engine struct{}

var _ engine.Engine = Engine{}

// New returns the engine. It needs nothing of the machine.
func New() Engine { return Engine{} }

// Name is "pure Go".
func (Engine) Name() string { return "pure Go" }

// Encodes reports true for JPEG and PNG.
func (Engine) Encodes(f imagefile.Format) bool { return f == imagefile.JPEG || f == imagefile.PNG }

// codec reads one format.
type codec struct {
	config func(body []byte) (image.Config, error)
	decode func(body []byte) (image.Image, error)
}

// of makes a function on bytes of one on a reader.
func of[T any](read func(io.Reader) (T, error)) func(body []byte) (T, error) {
	return func(body []byte) (T, error) { return read(bytes.NewReader(body)) }
}

func codecOf(f imagefile.Format) (codec, error) {
	switch f {
	case imagefile.JPEG:
		return codec{of(jpeg.DecodeConfig), of(jpeg.Decode)}, nil
	case imagefile.PNG:
		return codec{of(png.DecodeConfig), decodePNG}, nil
	case imagefile.GIF:
		return codec{of(gif.DecodeConfig), of(decodeGIF)}, nil
	case imagefile.WebP:
		return codec{webpConfig, decodeWebP}, nil
	case imagefile.TIFF:
		return codec{of(tiff.DecodeConfig), of(tiff.Decode)}, nil
	default:
		return codec{}, engine.Unsupported(fmt.Sprintf("Pictures of type %s cannot be read by this server.", f), nil)
	}
}

// Header reads size, colours and frames.
func (Engine) Header(src engine.Source) (engine.Header, error) {
	c, err := codecOf(src.Format)
	if err != nil {
		return engine.Header{}, err
	}
	config, err := c.config(src.Body)
	if err != nil {
		return engine.Header{}, refused(err)
	}
	if src.CMYK || config.ColorModel == color.CMYKModel {
		return engine.Header{}, engine.Unsupported("Pictures in CMYK cannot be read by this server.", nil)
	}
	h := engine.Header{Width: config.Width, Height: config.Height, Frames: 1, Deep: deep(config.ColorModel)}
	if src.Format == imagefile.GIF {
		frames, _ := giffile.Frames(src.Body) // checked for its end before
		h.Frames = max(1, frames)
	}
	return h, nil
}

func deep(m color.Model) bool {
	return m == color.RGBA64Model || m == color.NRGBA64Model || m == color.Gray16Model
}

// Decode decodes the source, of an animation the first frame, and makes it
// smaller.
func (Engine) Decode(
	ctx context.Context, src engine.Source, _ engine.Header, width, height int,
) (engine.Picture, error) {
	c, err := codecOf(src.Format)
	if err != nil {
		return nil, err
	}
	img, err := c.decode(src.Body)
	if err != nil {
		return nil, refused(err)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("decode: %w", context.Cause(ctx))
	}
	if src.Orientation >= 5 {
		width, height = height, width
	}
	p := shrink(img, width, height)
	if !src.SRGB() {
		if p, err = toSRGB(p, src.Profile); err != nil {
			return nil, err
		}
	}
	return p.oriented(src.Orientation), nil
}

// refused distinguishes what a decoder does not know from what is broken.
func refused(err error) error {
	var (
		jpegUnsupported jpeg.UnsupportedError
		pngUnsupported  png.UnsupportedError
		tiffUnsupported tiff.UnsupportedError
	)
	var cause string
	switch {
	case errors.As(err, &jpegUnsupported):
		cause = string(jpegUnsupported)
	case errors.As(err, &pngUnsupported):
		cause = string(pngUnsupported)
	case errors.As(err, &tiffUnsupported):
		cause = string(tiffUnsupported)
	default:
		return engine.Broken(err)
	}
	cause = strings.ReplaceAll(cause, ":", ",") // a few words of the decoder's own
	return engine.Unsupported("Pictures of this kind cannot be read by this server ("+cause+").", err)
}

// decodeGIF reads every frame, so that a truncated file is found out, and
// returns the first on the canvas.
func decodeGIF(r io.Reader) (image.Image, error) {
	g, err := gif.DecodeAll(r)
	if err != nil {
		return nil, err
	}
	canvas := image.NewRGBA(image.Rect(0, 0, g.Config.Width, g.Config.Height))
	first := g.Image[0]
	drawOver(canvas, first)
	return canvas, nil
}
