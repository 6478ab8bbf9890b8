//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagingtest"
)

// TestTurned: a picture that is resized with its columns as rows is what resize makes of it, but for how reducev rounds.
func TestTurned(t *testing.T) {
	t.Parallel()
	const (
		most = 8   // of 255, of a sample
		mean = 0.5 // the same, on the average: samples are whole numbers after each direction
	)
	d := openEngine(t)
	profile := bytes.Repeat([]byte{7}, 200)
	for _, c := range []struct{ w, h, width, height int }{
		{400, 300, 399, 299}, {300, 400, 160, 213}, {401, 97, 33, 97}, {97, 401, 31, 128}, {640, 5, 64, 1}, {200, 200, 1, 1}, {33, 64, 32, 64},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			body := imagingtest.Photo(c.w, c.h, 3)
			mem := d.lib.lend(body)
			defer mem.release()
			source, err := d.load(mem, engine.Source{Body: body, Info: imagefile.Inspect(body)}, loading{})
			if err != nil {
				t.Fatal(err)
			}
			source.assign(profile)
			source = must(t)(chain(source, func(im *image) (*image, error) { return im.materialise(t.Context()) }))
			defer source.close()
			if source.turns(c.width, c.height) != d.lib.slowRows {
				t.Errorf("it is turned: %v", source.turns(c.width, c.height))
			}
			plain := must(t)(chain(source.ref(),
				func(im *image) (*image, error) {
					return im.lib.do("resize").set("in", im).set("scale", float64(c.width)/float64(c.w)).set("vscale", float64(c.height)/float64(c.h)).image()
				},
				func(im *image) (*image, error) { return im.materialise(t.Context()) },
			))
			defer plain.close()
			turned := must(t)(chain(source.ref(),
				func(im *image) (*image, error) { return im.resizeTurned(t.Context(), c.width, c.height) },
				func(im *image) (*image, error) { return im.materialise(t.Context()) },
			))
			defer turned.close()
			if !bytes.Equal(turned.profile(), profile) || turned.interpretation() != spaceSRGB {
				t.Error("profile or colour space is lost")
			}
			if turned.width() != c.width || turned.height() != c.height {
				t.Fatalf("it is %d by %d", turned.width(), turned.height())
			}
			sum, worst := 0, 0
			want := pixelsOf(plain)
			for i, v := range pixelsOf(turned) {
				diff := max(int(v)-int(want[i]), int(want[i])-int(v))
				sum, worst = sum+diff, max(worst, diff)
			}
			if average := float64(sum) / float64(len(want)); worst > most || average > mean {
				t.Errorf("a sample differs by %d at most, by %.3f on the average", worst, average)
			}
		})
	}
}

// TestNotTurned: what has alpha, is grey or grows is for resize.
func TestNotTurned(t *testing.T) {
	t.Parallel()
	d := openEngine(t)
	for name, bands := range map[string]int{"grey": 1, "alpha": 4} {
		im := must(t)(d.lib.fromPixels(make([]byte, 64*64*bands), 64, 64, bands, nil))
		if im.turns(32, 32) {
			t.Errorf("%s is turned", name)
		}
		im.close()
	}
	im := must(t)(d.lib.fromPixels(make([]byte, 64*64*rgb), 64, 64, rgb, nil))
	defer im.close()
	if im.turns(64, 32) || im.turns(128, 32) || im.turns(32, 65) {
		t.Error("a picture that is not made smaller is turned")
	}
}

func must(t *testing.T) func(*image, error) *image {
	t.Helper()
	return func(im *image, err error) *image {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return im
	}
}

// pixelsOf an image in memory.
func pixelsOf(im *image) []byte {
	return unsafe.Slice(im.lib.Data(im.obj), im.width()*im.height()*rgb)
}
