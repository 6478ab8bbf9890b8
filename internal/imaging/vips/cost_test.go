package vips

import (
	"testing"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagingtest"
)

// TestCostOfAnimations holds what an animation costs against the canvas that
// it is drawn on, however few frames there are.
func TestCostOfAnimations(t *testing.T) {
	t.Parallel()
	d := openEngine(t)
	for name, c := range map[string]struct {
		body  []byte
		bytes int64 // of each of the 200 × 100 pixels, at least
	}{
		"png":             {imagingtest.PNG(imagingtest.Picture(200, 100, 1)), 16},
		"png of 2 frames": {imagingtest.AnimatedPNG(200, 100, 2), 2*18 + 20},
		"png of 9 frames": {imagingtest.AnimatedPNG(200, 100, 9), 9*18 + 20},
		"gif":             {imagingtest.AnimatedGIF(200, 100, 1), 18 + 4},
		"gif of 3 frames": {imagingtest.AnimatedGIF(200, 100, 3), 3*18 + 4},
	} {
		src := engine.Source{Info: imagefile.Inspect(c.body), Body: c.body}
		h, err := d.Header(src)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := d.Cost(src, h, 200, 100), c.bytes*200*100/engine.BytesPerPixel; got < want {
			t.Errorf("%s costs %d pixels, want %d", name, got, want)
		}
	}
}
