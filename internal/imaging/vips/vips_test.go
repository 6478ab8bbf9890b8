package vips

import (
	"context"
	"errors"
	"testing"
	"time"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagingtest"
)

// TestNoLeak decodes, resizes and encodes again and again, also what is broken,
// and looks at what libvips itself counts.
func TestNoLeak(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	if testing.Short() {
		t.Skip("-short: it renders hundreds of pictures")
	}
	d := openEngine(t)
	photo := imagingtest.WithEXIF(imagingtest.Photo(320, 240, 1), 6, true)
	sources := map[string][]byte{
		"photo": photo, "half a photo": photo[:len(photo)/2],
		"alpha": imagingtest.TransparentPNG(80, 60), "animation": imagingtest.AnimatedGIF(40, 30, 3),
		"cmyk": imagingtest.Fixture("cmyk.jpg"), "p3": imagingtest.Fixture("p3.jpg"),
		"heic": imagingtest.Fixture("photo.heic"), "no picture": []byte("\xff\xd8\xff\xe0 nothing of the kind"),
	}
	all := func() {
		for _, body := range sources {
			once(t, d, body)
		}
	}
	all() // what is allocated once and kept
	beforeBytes, beforeCount := d.Memory()
	for range 25 {
		all()
	}
	// A worker thread of libvips frees its state after the picture that it worked
	// on was returned: on a busy machine the last one may not have run since. What
	// leaked would stay for ever, so it is enough that the figures come down.
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		bytes, count := d.Memory()
		if bytes <= beforeBytes && count <= beforeCount {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %d pictures libvips holds %d bytes in %d pieces, before %d in %d",
				25*len(sources), bytes, count, beforeBytes, beforeCount)
		}
	}
}

func once(t *testing.T, d *Engine, body []byte) {
	t.Helper()
	src := engine.Source{Info: imagefile.Inspect(body), Body: body}
	h, err := d.Header(src)
	if err != nil {
		return
	}
	width, height := h.Upright(src.Orientation)
	p, err := d.Decode(t.Context(), src, h, width/2, height/2)
	if err != nil {
		return
	}
	defer p.Close()
	small, err := p.Resize(t.Context(), 16, 12)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	still := small.Still()
	defer still.Close()
	for _, e := range []engine.Encoding{
		{Format: imagefile.WebP, Quality: 80}, {Format: imagefile.WebP, Lossless: true, Quality: 80},
	} {
		if _, err := small.Encode(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := still.Encode(t.Context(), engine.Encoding{Format: imagefile.JPEG, Quality: 80}); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	d := openEngine(t)
	if d.lib.version[0] != 8 || !d.Encodes(imagefile.JPEG) || !d.Encodes(imagefile.WebP) || d.Encodes(imagefile.TIFF) {
		t.Errorf("%s: %v", d.Name(), d.encodes)
	}
	if _, err := load("/nowhere/libvips.so.42"); err == nil {
		t.Error("a library that is not there was loaded")
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	d := openEngine(t)
	for name, op := range map[string]*operation{
		"no such operation": d.lib.do("no_such_operation"),
		"no such argument":  d.lib.do("black").set("no-such", 1),
		"another type":      d.lib.do("black").set("width", "wide"),
		"argument missing":  d.lib.do("black").set("width", 1),
		"untrusted loader":  d.lib.do("ppmload_buffer").set("memory", true),
	} {
		if im, err := op.image(); err == nil {
			im.close()
			t.Errorf("%s is no error", name)
		}
	}
}

func TestShrinkOnLoad(t *testing.T) {
	t.Parallel()
	jpeg := engine.Source{Info: imagefile.Info{Format: imagefile.JPEG}}
	for _, c := range []struct{ w, h, width, height, shrink int }{
		{4000, 3000, 2048, 1536, 0},
		{4096, 3072, 2048, 1536, 2},
		{8192, 6144, 2048, 1536, 4},
		{17000, 100, 2048, 12, 8},
		{17000, 100, 2048, 13, 4},
	} {
		got := shrinkOnLoad(jpeg, engine.Header{Width: c.w, Height: c.h, Frames: 1}, c.width, c.height)
		if got.shrink != c.shrink {
			t.Errorf("%d × %d to %d × %d: shrink %d, want %d", c.w, c.h, c.width, c.height, got.shrink, c.shrink)
		}
	}
}

// TestKill stops a computation that has begun.
func TestKill(t *testing.T) {
	t.Parallel()
	d := openEngine(t)
	noise, err := d.lib.do("gaussnoise").set("width", 5000).set("height", 5000).image()
	if err != nil {
		t.Fatal(err)
	}
	defer noise.close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if im, err := noise.materialise(ctx); !errors.Is(err, context.Canceled) {
		im.close()
		t.Errorf("materialise with a ctx that is done: %v", err)
	}
}
