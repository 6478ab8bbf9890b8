package imagingtest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// reasons are files that are refused, and words that say why.
func (s suite) reasons(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	photo := JPEG(Picture(64, 48, 1), Quality)
	framed := func(marker byte) []byte { return changed(photo, atMarker(photo, markSOF0)+1, marker) }
	deep := changed(framed(0xC1), atMarker(photo, markSOF0)+4, 12)
	page := func(change func([]ifdEntry) []ifdEntry) []byte {
		return append(append(tiffHead(8), ifd(0, change(greyPage(16, 16, 8, 64))...)...), make([]byte, 999)...)
	}
	compressed := func(n uint32) []byte {
		return page(func(e []ifdEntry) []ifdEntry { e[3].value = n; return e })
	}
	sampled := func(bits, format uint32) []byte {
		return page(func(e []ifdEntry) []ifdEntry {
			e[2].value = bits
			return append(e, ifdEntry{339, tiffShort, 1, format})
		})
	}
	planes := page(func(e []ifdEntry) []ifdEntry {
		e[2] = ifdEntry{258, tiffShort, 2, 8 | 8<<16}
		e[6] = ifdEntry{277, tiffShort, 1, 2}
		e = slices.Delete(e, 7, 9)
		e = slices.Delete(e, 5, 6)
		return append(e, ifdEntry{284, tiffShort, 1, 2}, ifdEntry{322, tiffShort, 1, 16}, ifdEntry{323, tiffShort, 1, 16},
			ifdEntry{324, tiffShort, 2, 8 | 8<<16}, ifdEntry{325, tiffShort, 2, 256 | 256<<16}, ifdEntry{338, tiffShort, 1, 0})
	})
	const unsupported, many = fault.UnsupportedType, fault.TooManyPixels
	type refusal struct {
		name   string
		body   []byte
		reason fault.Reason
		words  string
	}
	list := []refusal{
		{"12 bits", deep, unsupported, "12 bits a sample"},
		{"16 bits, progressive", changed(framed(0xC2), atMarker(photo, markSOF0)+4, 16), unsupported, "16 bits a sample"},
		{"lossless jpeg", framed(0xC3), unsupported, "lossless JPEG"},
		{"lossless jpeg with arithmetic coding", framed(0xCB), unsupported, "lossless JPEG"},
		{"hierarchical jpeg", framed(0xC5), unsupported, "hierarchical JPEG"},
		{"hierarchical jpeg with arithmetic coding", framed(0xCE), unsupported, "hierarchical JPEG"},
		{"jpeg with a late height", BombJPEG(photo, 64, 0), unsupported, "height"},
		{"tiff with old jpeg", compressed(6), unsupported, "JPEG of the old style"},
		{"tiff with a strange compression", compressed(9999), unsupported, "compression 9999"},
		{"tiff of 12 bits", sampled(12, 1), unsupported, "12 bits a sample"},
		{"tiff of 64 bits", sampled(64, 1), unsupported, "64 bits a sample"},
		{"tiff of short floats", sampled(16, 3), unsupported, "16 bits a sample"},
		{"tiff of complex numbers", sampled(64, 6), unsupported, "no plain numbers"},
		{"tiff in tiles and planes", planes, unsupported, "tiles with a plane"},
		{"BigTIFF", []byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00"), unsupported, "BigTIFF"},
		{"BigTIFF, big-endian", []byte("MM\x00+\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10"), unsupported, "BigTIFF"},
		{"html", []byte("<!DOCTYPE html><title>secret-place</title>"), unsupported, "text/html"},
		{"html after a comment", []byte("\n<!-- x --><html>"), unsupported, "text/html"},
		{"svg", []byte(svg), unsupported, "image/svg+xml"},
		{"xml", []byte(`<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`), unsupported, "text/xml"},
		{"json", []byte(`{"error": "secret-place"}`), unsupported, "application/json"},
		{"text", []byte("Not found"), unsupported, "text/plain"},
		{"pdf", []byte("%PDF-1.7\n"), unsupported, "application/pdf"},
		{"bmp", []byte("BM\x46\x00\x00\x00"), unsupported, "image/bmp"},
		{"jpeg xl", []byte("\xff\x0a\x00"), unsupported, "image/jxl"},
		{"jpeg 2000", []byte("\x00\x00\x00\x0cjP  \r\n\x87\n"), unsupported, "image/jp2"},
		{"nothing", nil, unsupported, "empty file"},
		{"noise", []byte{1, 2, 3, 0, 0xFE}, unsupported, "unknown type"},
	}
	for name, body := range map[string][]byte{
		"png": BombPNG(bombSide, bombSide), "large png": BombPNG(1<<31-1, 1<<31-1), "jpeg": BombJPEG(photo, 65535, 65535),
		"gif": BombGIF(bombSide, bombSide), "tiff": tiffOf(bombSide, bombSide, 8, 10), "largest tiff": tiffOf(1<<32-1, 1<<32-1, 8, 10),
		"avif": bombISO(Fixture("photo.avif"), bombSide, bombSide), "largest avif": bombISO(Fixture("photo.avif"), 1<<32-1, 1<<32-1),
		"heic": bombISO(Fixture("photo.heic"), 60_000, 60_000),
	} {
		list = append(list, refusal{"oversized " + name, body, many, "at most 100000000"})
	}
	if !s.can.Arithmetic {
		list = append(list, refusal{"arithmetic coding", framed(0xC9), unsupported, "arithmetic coding"},
			refusal{"progressive with arithmetic coding", framed(0xCA), unsupported, "arithmetic coding"})
	}
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := r.Render(t.Context(), media.DefaultPreset(false), bytes.Clone(c.body))
			var f *fault.Failure
			if !errors.As(err, &f) || f.Reason != c.reason || !strings.Contains(f.Detail, c.words) || strings.Contains(f.Detail, "secret") {
				t.Errorf("%v, want %s that speaks of %q", err, c.reason, c.words)
				return
			}
			checkDetail(t, f.Detail)
		})
	}
}
