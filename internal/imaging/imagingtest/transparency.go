package imagingtest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

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
