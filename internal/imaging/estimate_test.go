package imaging_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"testing"
	"time"

	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/media"
)

func TestEstimate(t *testing.T) {
	t.Parallel()
	jpegOf := func(width, height int) []byte {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	pngOf := func(width, height int) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	webpOf := func(name string, body ...byte) []byte {
		chunk := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body))), body...)
		file := append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(chunk))), "WEBP"...)
		return append(file, chunk...)
	}
	for name, tt := range map[string]struct {
		source []byte
		avif   bool
		quick  bool
	}{
		"a photograph":                 {jpegOf(4000, 3000), false, true},
		"a photograph, AVIF too":       {jpegOf(4000, 3000), true, false},
		"a small one, AVIF too":        {jpegOf(640, 480), true, true},
		"50 megapixels":                {jpegOf(10_000, 5000), false, true},
		"a graphic":                    {pngOf(800, 600), false, true},
		"a large graphic":              {pngOf(4000, 3000), false, false},
		"WebP":                         {webpOf("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 0x20, 3, 0x58, 2), false, true},
		"WebP, extended":               {webpOf("VP8X", 0, 0, 0, 0, 0x1f, 3, 0, 0x57, 2, 0), false, true},
		"WebP, extended and large":     {webpOf("VP8X", 0, 0, 0, 0, 0xff, 0x3f, 0, 0xff, 0x3f, 0), false, false},
		"WebP, lossless":               {webpOf("VP8L", 0x2f, 0x1f, 0x43, 0x95, 0, 0, 0, 0, 0, 0), false, true},
		"WebP, lossless and large":     {webpOf("VP8L", 0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0), false, false},
		"a header that is cut off":     {webpOf("VP8X", 0, 0), false, false},
		"no picture":                   {[]byte("<html>"), false, false},
		"nothing":                      {nil, false, false},
		"JPEG that says nothing of it": {[]byte("\xff\xd8\xff\xd9"), false, false},
	} {
		got := imaging.Estimate(tt.source, media.DefaultPreset(tt.avif))
		if got <= 0 || (got < time.Second) != tt.quick {
			t.Errorf("%s: %v", name, got)
		}
		if name == "no picture" && got != math.MaxInt64 {
			t.Errorf("%s: %v", name, got)
		}
	}
}
