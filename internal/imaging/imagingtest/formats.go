package imagingtest

import (
	"image"
	"slices"
	"testing"

	"vitrine.dev/internal/fault"
)

// source is a file and what it shows.
type source struct {
	name  string
	body  []byte
	shows image.Image
	able  bool    // the engine can read it
	bound float64 // of the difference in colour, where it is not MaxDifference
}

// sources lists one file of each kind that is accepted.
func (s suite) sources() []source {
	photo := Picture(FixtureWidth, FixtureHeight, 1)
	grey := Grey(photo)
	return []source{
		{name: "jpeg", body: JPEG(photo, Quality), shows: photo, able: true},
		{name: "jpeg progressive", body: Fixture("progressive.jpg"), shows: photo, able: true},
		{name: "jpeg grey", body: JPEG(grey, Quality), shows: grey, able: true},
		// A generic profile for ink cannot hold every colour of light.
		{name: "jpeg cmyk", body: Fixture("cmyk.jpg"), shows: photo, able: s.can.CMYK, bound: 12},
		{name: "jpeg display p3", body: Fixture("p3.jpg"), shows: photo, able: true},
		{name: "png", body: PNG(photo), shows: photo, able: true},
		{name: "png palette", body: PalettePNG(photo), shows: paletted(photo), able: true},
		{name: "png 16 bit", body: DeepPNG(photo), shows: photo, able: true},
		{name: "png grey", body: PNG(grey), shows: grey, able: true},
		{name: "png opaque alpha", body: OpaquePNG(200, 150), shows: Picture(200, 150, 3), able: true},
		{name: "webp", body: Fixture("photo.webp"), shows: photo, able: true},
		{name: "gif", body: GIF(photo), shows: paletted(photo), able: true},
		{name: "tiff", body: TIFF(photo), shows: photo, able: true},
		{name: "avif", body: Fixture("photo.avif"), shows: photo, able: s.can.AVIF},
		{name: "heic", body: Fixture("photo.heic"), shows: photo, able: s.can.HEIC},
	}
}

func (s suite) formats(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	for _, src := range s.sources() {
		t.Run(src.name, func(t *testing.T) {
			t.Parallel()
			if !src.able {
				expectFailure(t, r, src.body, fault.UnsupportedType)
				return
			}
			out := s.render(t, r, src.body)
			b := src.shows.Bounds()
			if out.Width != b.Dx() || out.Height != b.Dy() {
				t.Errorf("the source is called %d × %d", out.Width, out.Height)
			}
			if out.Compressed.Width != b.Dx() || out.Compressed.Height != b.Dy() {
				t.Errorf("compressed is %d × %d", out.Compressed.Width, out.Compressed.Height)
			}
			bound := src.bound
			if bound == 0 {
				bound = MaxDifference
			}
			checkColours(t, out.Compressed.Body, src.shows, bound)
		})
	}
	t.Run("large", func(t *testing.T) {
		t.Parallel()
		photo := Picture(2060, 600, 4)
		out := s.render(t, r, JPEG(photo, Quality))
		if out.Compressed.Format != "jpeg" || s.can.Progressive != isProgressive(out.Compressed.Body) {
			t.Errorf("compressed is %s, progressive: %v", out.Compressed.Format, isProgressive(out.Compressed.Body))
		}
		checkColours(t, out.Compressed.Body, photo, MaxDifference)
		var widths []int
		for _, v := range out.Variants {
			if (v.Format == "webp") != s.can.WebP {
				t.Errorf("a variant is %s", v.Format)
			}
			widths = append(widths, v.Width)
			checkColours(t, v.Body, photo, MaxDifference)
		}
		if !slices.Equal(widths, []int{320, 800, 1600}) {
			t.Errorf("widths are %v", widths)
		}
	})
}

func isProgressive(body []byte) bool {
	for i := 0; i+1 < len(body); i++ {
		if body[i] == 0xFF && (body[i+1] == 0xC0 || body[i+1] == 0xC2) {
			return body[i+1] == 0xC2
		}
	}
	return false
}

func (s suite) orientations(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	upright := Picture(600, 400, 2)
	for o := 1; o <= 8; o++ {
		t.Run(string(rune('0'+o)), func(t *testing.T) {
			t.Parallel()
			stored := Oriented(upright, o)
			out := s.render(t, r, WithEXIF(JPEG(stored, Quality), o, true))
			if out.Width != 600 || out.Height != 400 || out.Compressed.Width != 600 {
				t.Errorf("the source is %d × %d, compressed %d wide", out.Width, out.Height, out.Compressed.Width)
			}
			for _, e := range append(out.Variants, out.Compressed) {
				img := Decode(t, e.Body)
				CheckUpright(t, img)
				if d := MeanDifference(img, upright); d > MaxDifference {
					t.Errorf("%s of %d is off by %.2f", e.Format, e.Width, d)
				}
			}
			if len(out.Variants) != 2 {
				t.Errorf("%d variants of a picture of 600, want 2", len(out.Variants))
			}
		})
	}
}

func (s suite) sizes(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	for _, c := range []struct {
		name   string
		w, h   int
		cw, ch int // compressed
		widths []int
	}{
		{"below the box", 700, 500, 700, 500, []int{320, 700}},
		{"a variant's width", 320, 200, 320, 200, []int{320}},
		{"below a variant's width", 319, 200, 319, 200, []int{319}},
		{"at the box", 2048, 100, 2048, 100, []int{320, 800, 1600}},
		{"above the box", 2049, 100, 2048, 100, []int{320, 800, 1600}},
		{"portrait", 1601, 2060, 1592, 2048, []int{320, 800, 1600}},
		{"very tall", 100, 4000, 51, 2048, []int{100}},
		{"very wide", 4000, 20, 2048, 10, []int{320, 800, 1600}},
		{"odd", 33, 77, 33, 77, []int{33}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out := s.render(t, r, Photo(c.w, c.h, 5))
			if out.Width != c.w || out.Height != c.h || out.Compressed.Width != c.cw || out.Compressed.Height != c.ch {
				t.Errorf("source %d × %d, compressed %d × %d, want %d × %d",
					out.Width, out.Height, out.Compressed.Width, out.Compressed.Height, c.cw, c.ch)
			}
			var widths []int
			for _, v := range out.Variants {
				widths = append(widths, v.Width)
			}
			if !slices.Equal(widths, c.widths) {
				t.Errorf("widths %v, want %v", widths, c.widths)
			}
		})
	}
}
