package imagefile_test

import (
	"bytes"
	"image"
	"testing"

	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/png"
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagingtest"
)

func TestPNGAnimation(t *testing.T) {
	t.Parallel()
	part := func(r image.Rectangle) image.Image { return imagingtest.Picture(40, 30, 1).SubImage(r) }
	body := imagingtest.APNG(nil, 7,
		imagingtest.APNGFrame{Image: part(image.Rect(0, 0, 40, 30)), Num: 1, Den: 3},
		imagingtest.APNGFrame{Image: part(image.Rect(5, 6, 25, 16)), Num: 12, Dispose: 2, Over: true},
		imagingtest.APNGFrame{Image: part(image.Rect(39, 29, 40, 30)), Num: 65535, Den: 1, Dispose: 1})
	a := png.Animation(body)
	if a == nil || a.Width != 40 || a.Height != 30 || a.Plays != 7 || a.Deep || len(a.Frames) != 3 {
		t.Fatalf("%+v", a)
	}
	for i, want := range []structure.Frame{
		{Area: image.Rect(0, 0, 40, 30), Delay: 333},
		{Area: image.Rect(5, 6, 25, 16), Delay: 120, After: structure.RestorePast, Over: true},
		{Area: image.Rect(39, 29, 40, 30), Delay: 65_535_000, After: structure.Clear},
	} {
		got := a.Frames[i]
		if got.Area != want.Area || got.Delay != want.Delay || got.After != want.After || got.Over != want.Over {
			t.Errorf("frame %d: %+v, want %+v", i, got, want)
		}
		still, err := png.Still(got)
		if err != nil {
			t.Fatal(err)
		}
		if img := imagingtest.Decode(t, still); img.Bounds().Size() != want.Area.Size() ||
			img.At(0, 0) != part(want.Area).At(want.Area.Min.X, want.Area.Min.Y) {
			t.Errorf("frame %d is %v with %v", i, img.Bounds(), img.At(0, 0))
		}
	}
	stripped, err := imagefile.Strip(body)
	if err != nil || !bytes.Equal(stripped, body) {
		t.Errorf("stripped, %d bytes have become %d, %v", len(body), len(stripped), err)
	}
	if err := imagefile.Complete(body[:len(body)-12]); err == nil {
		t.Error("an animation without its end is complete")
	}
	damaged := bytes.Clone(body)
	damaged[len(damaged)-20] ^= 1
	if _, err := png.Still(png.Animation(damaged).Frames[2]); err == nil {
		t.Error("a wrong checksum was passed over")
	}
	if png.Animation(imagingtest.PNG(part(image.Rect(0, 0, 9, 9)))) != nil {
		t.Error("a still picture is an animation")
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	avif := imagingtest.Fixture("photo.avif")
	for name, c := range map[string]struct {
		body          []byte
		frames, pages int
	}{
		"jpeg":                {imagingtest.Photo(9, 9, 1), 1, 1},
		"png":                 {imagingtest.PNG(imagingtest.Picture(9, 9, 1)), 1, 1},
		"animated png":        {imagingtest.AnimatedPNG(9, 9, 4), 4, 1},
		"animated gif":        {imagingtest.AnimatedGIF(9, 9, 5), 5, 1},
		"webp":                {imagingtest.Fixture("photo.webp"), 1, 1},
		"animated webp":       {imagingtest.Fixture("animated.webp"), 3, 1},
		"avif":                {avif, 1, 1},
		"avif of one picture": {imagingtest.Sequence(avif, 1), 1, 1},
		"avif sequence":       {imagingtest.Sequence(avif, 9), 9, 1},
		"heic sequence":       {imagingtest.Sequence(imagingtest.Fixture("photo.heic"), 2), 2, 1},
		"avif sequence, cut":  {imagingtest.Sequence(avif, 9)[:len(avif)+50], 1, 1},
		"tiff":                {imagingtest.TIFF(imagingtest.Picture(9, 9, 1)), 1, 1},
		"tiff of pages":       {imagingtest.TIFFPages(3, nil), 1, 2},
		"tiff of a copy":      {imagingtest.TIFFPages(2, []uint32{0, 1}), 1, 1},
		"tiff of a mask":      {imagingtest.TIFFPages(3, []uint32{0, 4, 5}), 1, 1},
		"tiff of copies":      {imagingtest.TIFFPages(4, []uint32{0, 1, 1, 2}), 1, 2},
	} {
		if info := imagefile.Inspect(c.body); info.Frames != c.frames || info.Pages != c.pages {
			t.Errorf("%s: %d frames, %d pages, want %d and %d", name, info.Frames, info.Pages, c.frames, c.pages)
		}
	}
}

// TestGIFCanvas lets the first frame make the canvas larger, and no other.
func TestGIFCanvas(t *testing.T) {
	t.Parallel()
	body := imagingtest.AnimatedGIF(30, 20, 2)
	body[6], body[8] = 10, 40 // the screen
	a, err := gif.Animation(body)
	if err != nil || a.Width != 30 || a.Height != 40 || len(a.Frames) != 2 || a.Plays != 0 {
		t.Fatalf("%+v, %v", a, err)
	}
	if f := a.Frames[1]; f.Area != image.Rect(0, 0, 30, 20) || f.Delay != 70 || f.After != structure.Keep {
		t.Errorf("%+v", f)
	}
	if _, err := gif.Animation(body[:len(body)-1]); err == nil {
		t.Error("a GIF without its end was listed")
	}
}
