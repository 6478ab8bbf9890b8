//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"context"
	"fmt"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
)

const (
	webpEffort     = 2  // half the time of the default 4 for 1.3 % more bytes
	losslessEffort = 80 // of 100, as Q: with webpEffort 2 % short of the most, in a 20th of its time
	avifEffort     = 0  // a twentieth of the time of the default 4 for 5 % more bytes
	compressionAV1 = 4  // VIPS_FOREIGN_HEIF_COMPRESSION_AV1
)

// Encode writes the picture without metadata.
func (p *picture) Encode(ctx context.Context, e engine.Encoding) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	im, err := p.joined()
	if err != nil {
		return nil, crashed(ctx, err)
	}
	defer im.close()
	op, err := saver(im.lib, e)
	if err != nil {
		return nil, engine.Crashed(err)
	}
	if op.has("keep") { // 8.15 and newer
		op.set("keep", 0)
	} else {
		op.set("strip", true)
	}
	body, err := op.set("in", im).bytes()
	if err != nil {
		return nil, crashed(ctx, err)
	}
	return stripped(e.Format, body)
}

// stripped makes sure that no metadata is published: libvips
// 8.14 writes EXIF and the profile into a WebP also when asked to strip.
func stripped(f imagefile.Format, body []byte) ([]byte, error) {
	if f == imagefile.AVIF {
		return body, nil
	}
	body, err := imagefile.Strip(body)
	if err != nil {
		return nil, engine.Crashed(err)
	}
	return body, nil
}

// saver prepares the operation that writes the format.
func saver(lib *library, e engine.Encoding) (*operation, error) {
	switch e.Format {
	case imagefile.JPEG:
		return lib.do("jpegsave_buffer").set("Q", e.Quality).set("optimize_coding", true).set("interlace", true), nil
	case imagefile.WebP:
		quality, effort := e.Quality, webpEffort
		switch {
		case e.Lossless && e.Fast:
			quality, effort = 0, 0
		case e.Lossless:
			quality = losslessEffort
		}
		op := lib.do("webpsave_buffer").set("Q", quality).set("lossless", e.Lossless)
		if op.has("effort") {
			return op.set("effort", effort), nil
		}
		return op.set("reduction_effort", effort), nil // before 8.12
	case imagefile.AVIF:
		op := lib.do("heifsave_buffer").set("Q", e.Quality).set("compression", compressionAV1)
		if op.has("effort") {
			return op.set("effort", avifEffort), nil
		}
		return op.offer("speed", 9-avifEffort), nil
	case imagefile.PNG:
		return lib.do("pngsave_buffer").set("compression", 9), nil
	default:
		return nil, fmt.Errorf("no encoder for %s", e.Format)
	}
}
