package imagingtest

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

func (s suite) transparency(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	for name, body := range map[string][]byte{
		"png": TransparentPNG(400, 300), "webp": Fixture("alpha.webp"), "lossless webp": Fixture("lossless.webp"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := s.render(t, r, body)
			if out.Compressed.Format == "jpeg" {
				t.Fatal("transparency became JPEG")
			}
			for _, e := range append(out.Variants, out.Compressed) {
				checkDisc(t, e)
			}
		})
	}
	t.Run("opaque alpha is no transparency", func(t *testing.T) {
		t.Parallel()
		if out := s.render(t, r, OpaquePNG(300, 200)); out.Compressed.Format != "jpeg" {
			t.Errorf("compressed is %s", out.Compressed.Format)
		}
	})
}

// checkDisc checks the disc of TransparentPNG: nothing in the corners, orange
// in the middle.
func checkDisc(t *testing.T, e media.Encoded) {
	t.Helper()
	img := Decode(t, e.Body)
	b := img.Bounds()
	if _, _, _, a := img.At(b.Min.X, b.Min.Y).RGBA(); a>>8 > 5 {
		t.Errorf("%s of %d: the corner has alpha %d", e.Format, e.Width, a>>8)
	}
	middle := img.At(b.Min.X+b.Dx()/2, b.Min.Y+b.Dy()/2)
	if _, _, _, a := middle.RGBA(); a>>8 < 250 {
		t.Errorf("%s of %d: the middle has alpha %d", e.Format, e.Width, a>>8)
	}
	if d := distance(middle, color.NRGBA{R: 250, G: 140, B: 40, A: 255}); d > 16 {
		t.Errorf("%s of %d: the middle is %v", e.Format, e.Width, middle)
	}
}

func (s suite) animations(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	body := AnimatedGIF(400, 300, 4)
	t.Run("gif", func(t *testing.T) {
		t.Parallel()
		out := s.render(t, r, body)
		if !s.can.Animations {
			g, err := gif.DecodeAll(bytes.NewReader(out.Compressed.Body))
			if err != nil || len(g.Image) != 4 || len(out.Variants) != 0 {
				t.Errorf("%v; %s, %d variants", err, out.Compressed.Format, len(out.Variants))
			}
			return
		}
		if len(out.Variants) != 1 {
			t.Fatalf("%d variants, want 1", len(out.Variants))
		}
		for _, e := range append(out.Variants, out.Compressed) {
			checkFrames(t, e, 4, 70)
		}
	})
	t.Run("webp", func(t *testing.T) {
		t.Parallel()
		if !s.can.Animations {
			expectFailure(t, r, Fixture("animated.webp"), fault.UnsupportedType)
			return
		}
		checkFrames(t, s.render(t, r, Fixture("animated.webp")).Compressed, 3, 70)
	})
	t.Run("larger than the box", func(t *testing.T) {
		t.Parallel()
		wide := AnimatedGIF(2100, 40, 2)
		if !s.can.Animations {
			expectFailure(t, r, wide, fault.UnsupportedType)
			return
		}
		out := s.render(t, r, wide)
		checkFrames(t, out.Compressed, 2, 70)
		if out.Compressed.Width != 2048 {
			t.Errorf("compressed is %d wide", out.Compressed.Width)
		}
	})
}

// checkFrames counts the frames of an animated WebP and reads their duration,
// in milliseconds.
func checkFrames(t *testing.T, e media.Encoded, want, duration int) {
	t.Helper()
	frames := 0
	for rest := e.Body[12:]; len(rest) >= 8; {
		size := int(rest[4]) | int(rest[5])<<8 | int(rest[6])<<16 | int(rest[7])<<24
		if string(rest[:4]) == "ANMF" {
			frames++
			if d := int(rest[20]) | int(rest[21])<<8 | int(rest[22])<<16; d != duration {
				t.Errorf("frame %d lasts %d ms, want %d", frames, d, duration)
			}
		}
		rest = rest[min(len(rest), 8+size+size%2):]
	}
	if e.Format != "webp" || frames != want {
		t.Errorf("%s of %d has %d frames, want %d", e.Format, e.Width, frames, want)
	}
}

func (s suite) metadata(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	photo := Picture(500, 400, 6)
	for name, body := range map[string][]byte{
		"jpeg":       WithEXIF(JPEG(photo, Quality), 1, true),
		"light jpeg": WithEXIF(JPEG(photo, 8), 1, true), // is likely to be passed on as it came
		"trailer":    append(JPEG(photo, 8), []byte(Secret)...),
		"comment":    withComment(JPEG(photo, 8)),
		"png":        withPNGText(PNG(photo)),
		"tiny png":   withPNGText(PNG(image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black}))),
		"gif":        withGIFComment(AnimatedGIF(60, 40, 2)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.render(t, r, body) // which looks for what must not be there
		})
	}
}

// withComment inserts a JPEG comment.
func withComment(jpeg []byte) []byte {
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xFE, 0, byte(len(Secret) + 2)}, Secret...)
	return append(out, jpeg[2:]...)
}

// withGIFComment inserts a comment before the trailer.
func withGIFComment(body []byte) []byte {
	out := append([]byte(nil), body[:len(body)-1]...)
	out = append(out, 0x21, 0xFE, byte(len(Secret)))
	out = append(out, Secret...)
	return append(out, 0, 0x3B)
}

// withPNGText inserts a text, an EXIF block and a date behind the header.
func withPNGText(body []byte) []byte {
	const head = 8 + 25
	out := append([]byte(nil), body[:head]...)
	out = append(out, pngChunk("tEXt", append([]byte("Comment\x00"), Secret...))...)
	out = append(out, pngChunk("eXIf", EXIF(1, true))...)
	return append(out, body[head:]...)
}

// lightPNG compresses as well as can be.
func lightPNG(img image.Image) []byte {
	var b bytes.Buffer
	must((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img))
	return b.Bytes()
}
