package imagingtest

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"math"
	"testing"

	"vitrine.dev/internal/imaging/imagefile"
)

// graphics renders what was stored without loss and is lighter so: the colours
// of every pixel are those of the source.
func (s suite) graphics(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	for name, src := range map[string]struct {
		body  []byte
		shows image.Image
	}{
		"logo":              {PNG(logo(240, 180)), logo(240, 180)},
		"page of letters":   {PNG(letters(1000, 1400)), letters(1000, 1400)},
		"page, gif":         {GIF(letters(500, 400)), letters(500, 400)},
		"page, tiff":        {TIFF(letters(500, 400)), letters(500, 400)},
		"page, bilevel":     {lightPNG(bilevel(590, 88)), bilevel(590, 88)},
		"page, transparent": {PNG(overlay(300, 400)), overlay(300, 400)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := s.render(t, r, src.body)
			checkExact(t, Decode(t, out.Compressed.Body), src.shows)
			for _, v := range out.Variants {
				if v.Width == out.Compressed.Width && len(v.Body) > len(out.Compressed.Body) {
					t.Errorf("a variant of the same size has %d bytes, compressed %d", len(v.Body), len(out.Compressed.Body))
				}
			}
		})
	}
	t.Run("variant", func(t *testing.T) { // at the width of a variant
		t.Parallel()
		page := letters(320, 400)
		out := s.render(t, r, PNG(page))
		if len(out.Variants) != 1 {
			t.Fatalf("%d variants", len(out.Variants))
		}
		checkExact(t, Decode(t, out.Variants[0].Body), page)
	})
	t.Run("photograph", func(t *testing.T) { // is lighter with loss
		t.Parallel()
		photo := Picture(700, 500, 3)
		out := s.render(t, r, PNG(photo))
		for _, e := range append(out.Variants, out.Compressed) {
			if info := imagefile.Inspect(e.Body); info.Lossless {
				t.Errorf("%s of %d is stored without loss", e.Format, e.Width)
			}
		}
	})
	t.Run("animation", func(t *testing.T) {
		t.Parallel()
		// A mark that moves over a page that stands still.
		g := &gif.GIF{}
		for i := range 60 {
			page := bilevel(300, 200)
			draw.Draw(page, image.Rect(4*i, 80, 4*i+3, 83), image.Black, image.Point{}, draw.Src)
			g.Image, g.Delay = append(g.Image, page), append(g.Delay, 7)
		}
		var b bytes.Buffer
		must(gif.EncodeAll(&b, g))
		out := s.render(t, r, b.Bytes())
		if limit := b.Len() / 2; s.can.Animations && len(out.Compressed.Body) > limit {
			t.Errorf("%d bytes become %d, want at most %d", b.Len(), len(out.Compressed.Body), limit)
		}
	})
	t.Run("stored badly", func(t *testing.T) { // its own bytes are no measure
		t.Parallel()
		var b bytes.Buffer
		must((&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, letters(1000, 1400)))
		out := s.render(t, r, b.Bytes())
		if len(out.Compressed.Body) > b.Len()*3/4 {
			t.Errorf("%d bytes become %d", b.Len(), len(out.Compressed.Body))
		}
	})
}

// logo has smooth edges between few colours.
func logo(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			far := math.Hypot(float64(x-w/3), float64(y-h/2))
			share := min(max(far-float64(h)/3, 0), 1)
			c := color.RGBA{R: uint8(220 + 35*share), G: uint8(40 + 215*share), B: uint8(40 + 215*share), A: 255}
			if x > w*3/5 && y > h/3 && y < h/2 {
				c = color.RGBA{R: 20, G: 60, B: 160, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// letters are small black marks on white paper, in no order.
func letters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	state := uint32(7)
	for y := 4; y+10 < h; y += 14 {
		for x := 4; x+8 < w; x += 9 {
			state = state*1664525 + 1013904223
			for bit := range 24 {
				if state>>(bit+4)&1 == 1 {
					at := image.Rect(x+bit%4*2, y+bit/4*2, x+bit%4*2+2, y+bit/4*2+2)
					draw.Draw(img, at, image.Black, image.Point{}, draw.Src)
				}
			}
		}
	}
	return img
}

func bilevel(w, h int) *image.Paletted { return bilevelOf(letters(w, h)) }

func bilevelOf(img image.Image) *image.Paletted {
	out := image.NewPaletted(img.Bounds(), color.Palette{color.White, color.Black})
	draw.Draw(out, out.Rect, img, image.Point{}, draw.Src)
	return out
}

// overlay is letters with nothing between them.
func overlay(w, h int) *image.NRGBA {
	page := letters(w, h)
	img := image.NewNRGBA(page.Rect)
	for i := 0; i < len(page.Pix); i += 4 {
		if page.Pix[i] == 0 {
			img.Pix[i+3] = 255
		}
	}
	return img
}

// checkExact checks that two pictures are equal in every pixel that can be seen.
func checkExact(t *testing.T, got, want image.Image) {
	t.Helper()
	b := want.Bounds()
	if got.Bounds().Size() != b.Size() {
		t.Errorf("the picture is %v, want %v", got.Bounds(), b)
		return
	}
	for y := range b.Dy() {
		for x := range b.Dx() {
			g := got.At(got.Bounds().Min.X+x, got.Bounds().Min.Y+y)
			if w := want.At(b.Min.X+x, b.Min.Y+y); distance(g, w) > 1 {
				t.Errorf("pixel %d, %d is %v, want %v", x, y, g, w)
				return
			}
		}
	}
}
