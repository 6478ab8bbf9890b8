package vips

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagingtest"
)

// The pictures that only libvips can write are kept beside the suite, so that
// it has the same ones for every engine.
var update = flag.Bool("update", false, "write the pictures in ../imagingtest/testdata again")

type saved struct {
	name string
	op   string
	set  map[string]any
	prep []step
}

func fixtures(lib *library) []saved {
	profiled := func(profile string) step {
		return func(im *image) (*image, error) {
			return lib.do("icc_transform").set("in", im).set("input_profile", "srgb").
				set("output_profile", profile).set("depth", 8).image()
		}
	}
	return []saved{
		{name: "progressive.jpg", op: "jpegsave_buffer", set: map[string]any{"Q": 85, "interlace": true}},
		{name: "cmyk.jpg", op: "jpegsave_buffer", set: map[string]any{"Q": 85, "strip": true}, prep: []step{profiled("cmyk")}},
		{name: "p3.jpg", op: "jpegsave_buffer", set: map[string]any{"Q": 85}, prep: []step{profiled("p3")}},
		{name: "photo.webp", op: "webpsave_buffer", set: map[string]any{"Q": 80}},
		{name: "photo.avif", op: "heifsave_buffer", set: map[string]any{"Q": 60, "compression": compressionAV1}},
		{name: "photo.heic", op: "heifsave_buffer", set: map[string]any{"Q": 60, "compression": 1}},
	}
}

// TestFixtures makes every kept picture, and keeps it if asked to.
func TestFixtures(t *testing.T) {
	t.Parallel()
	d := openEngine(t)
	var picture bytes.Buffer
	if err := png.Encode(&picture, imagingtest.Picture(imagingtest.FixtureWidth, imagingtest.FixtureHeight, 1)); err != nil {
		t.Fatal(err)
	}
	for _, f := range fixtures(d.lib) {
		save(t, d, picture.Bytes(), f)
	}
	save(t, d, imagingtest.TransparentPNG(160, 120), saved{
		name: "alpha.webp", op: "webpsave_buffer", set: map[string]any{"Q": 80},
	})
	save(t, d, imagingtest.TransparentPNG(160, 120), saved{
		name: "lossless.webp", op: "webpsave_buffer", set: map[string]any{"lossless": true},
	})
	save(t, d, imagingtest.AnimatedGIF(96, 72, 3), saved{
		name: "animated.webp", op: "webpsave_buffer", set: map[string]any{"Q": 60},
	})
}

func save(t *testing.T, d *Engine, body []byte, f saved) {
	t.Helper()
	src := engine.Source{Info: imagefile.Inspect(body), Body: body}
	h, err := d.Header(src)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := d.Decode(t.Context(), src, h, h.Width, h.Height)
	if err != nil {
		t.Fatal(err)
	}
	defer decoded.Close()
	im, err := decoded.(*picture).joined()
	if err != nil {
		t.Fatal(err)
	}
	if im, err = chain(im, f.prep...); err != nil {
		t.Fatal(f.name, err)
	}
	defer im.close()
	op := d.lib.do(f.op).set("in", im)
	for name, value := range f.set {
		op.set(name, value)
	}
	out, err := op.bytes()
	if err != nil {
		t.Fatal(f.name, err)
	}
	if !*update {
		if kept := imagingtest.Fixture(f.name); imagefile.Sniff(kept) != imagefile.Sniff(out) {
			t.Errorf("%s is kept as %s and made as %s", f.name, imagefile.Sniff(kept), imagefile.Sniff(out))
		}
		return
	}
	if err := os.WriteFile(filepath.Join("..", "imagingtest", "testdata", f.name), out, 0o644); err != nil {
		t.Fatal(err)
	}
}

func openEngine(t *testing.T) *Engine {
	t.Helper()
	d, err := Open(os.Getenv("LIBVIPS_PATH"))
	if err != nil {
		if os.Getenv("VITRINE_TEST_REQUIRE") == "1" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: libvips is missing (apt-get install libvips42 / brew install vips):", err)
	}
	return d
}
