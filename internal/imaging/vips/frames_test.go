package vips

import (
	"bytes"
	goimage "image"
	"image/color"
	"image/gif"
	"image/png"
	"slices"
	"testing"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagingtest"
)

// TestFrames decodes animations whose frames clear what was before them, and
// what has been made of them, and looks for what browsers show.
func TestFrames(t *testing.T) {
	t.Parallel()
	d := openEngine(t)
	canvas := goimage.Rect(0, 0, 60, 40)
	red, blue := color.NRGBA{R: 255, A: 255}, color.NRGBA{B: 255, A: 255}
	half := goimage.Rect(30, 0, 60, 40)
	g := &gif.GIF{
		Image: []*goimage.Paletted{
			goimage.NewPaletted(canvas, color.Palette{red, blue}), goimage.NewPaletted(half, color.Palette{blue, red}),
		},
		Delay: []int{7, 13}, Disposal: []byte{gif.DisposalBackground, gif.DisposalNone}, LoopCount: 2,
		BackgroundIndex: 1,
	}
	var cleared bytes.Buffer
	if err := gif.EncodeAll(&cleared, g); err != nil {
		t.Fatal(err)
	}
	apng := imagingtest.APNG(nil, 3,
		imagingtest.APNGFrame{Image: imagingtest.Flat(canvas, red), Num: 7, Den: 100, Dispose: 1},
		imagingtest.APNGFrame{Image: imagingtest.Flat(half, blue), Num: 13, Den: 100})
	for name, body := range map[string][]byte{"gif": cleared.Bytes(), "png": apng} {
		p := decoded(t, d, body)
		webp, err := p.Encode(t.Context(), engine.Encoding{Format: imagefile.WebP, Lossless: true, Quality: 80})
		if err != nil {
			t.Fatal(err)
		}
		again := decoded(t, d, webp)
		for stage, p := range map[string]*picture{"source": p, "output": again} {
			if !slices.Equal(p.timing.delays, []int32{70, 130}) || p.timing.loop != 3 || p.Frames() != 2 || !p.Alpha() {
				t.Errorf("%s, %s: %+v, %d frames, alpha %v", name, stage, p.timing, p.Frames(), p.Alpha())
				continue
			}
			first, second := pixels(t, p.frames[0]), pixels(t, p.frames[1])
			for _, c := range []struct {
				img  goimage.Image
				x    int
				want color.NRGBA
			}{{first, 10, red}, {first, 50, red}, {second, 10, color.NRGBA{}}, {second, 50, blue}} {
				got, _ := color.NRGBAModel.Convert(c.img.At(c.x, 20)).(color.NRGBA)
				if got != c.want && (got.A != 0 || c.want.A != 0) {
					t.Errorf("%s, %s: column %d is %v, want %v", name, stage, c.x, got, c.want)
				}
			}
		}
	}
}

// TestTurnedAnimation obeys the orientation in every frame.
func TestTurnedAnimation(t *testing.T) {
	t.Parallel()
	d := openEngine(t)
	body := imagingtest.AnimatedPNG(60, 40, 2)
	src := engine.Source{Info: imagefile.Inspect(body), Body: body}
	src.Orientation = 6
	h, err := d.Header(src)
	if err != nil {
		t.Fatal(err)
	}
	width, height := h.Upright(6)
	p, err := d.Decode(t.Context(), src, h, width, height)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	frames, _ := p.(*picture)
	for i, f := range frames.frames {
		turned := imagingtest.Oriented(imagingtest.Picture(60, 40, uint64(i+1)), 8) // what is stored under 8 is turned like 6
		if diff := imagingtest.MeanDifference(pixels(t, f), turned); f.width() != 40 || diff > 1 {
			t.Errorf("frame %d is %d wide and off by %.1f", i, f.width(), diff)
		}
	}
}

func decoded(t *testing.T, d *Engine, body []byte) *picture {
	t.Helper()
	src := engine.Source{Info: imagefile.Inspect(body), Body: body}
	h, err := d.Header(src)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Decode(t.Context(), src, h, h.Width, h.Height)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	out, _ := p.(*picture)
	return out
}

func pixels(t *testing.T, im *image) goimage.Image {
	t.Helper()
	p := &picture{frames: []*image{im.ref()}}
	defer p.Close()
	body, err := p.Encode(t.Context(), engine.Encoding{Format: imagefile.PNG})
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return img
}
