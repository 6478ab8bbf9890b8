package animation_test

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"math/rand/v2"
	"slices"
	"testing"

	"vitrine.dev/internal/imaging/animation"
	"vitrine.dev/internal/imaging/imagefile"
	giffile "vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/png"
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagingtest"
)

// drawn is a frame as the tests know it.
type drawn struct {
	img     image.Image
	dispose byte // as in PNG
	over    bool
}

// coalesce composes frames as the specification of PNG says, with image/draw,
// in 16 bits a channel.
func coalesce(canvas image.Rectangle, frames []drawn) (shown []*image.NRGBA64) {
	screen := image.NewNRGBA64(canvas)
	for _, f := range frames {
		before := image.NewNRGBA64(canvas)
		copy(before.Pix, screen.Pix)
		area := f.img.Bounds().Intersect(canvas)
		op := draw.Src
		if f.over {
			op = draw.Over
		}
		draw.Draw(screen, area, f.img, area.Min, op)
		picture := image.NewNRGBA64(canvas)
		copy(picture.Pix, screen.Pix)
		shown = append(shown, picture)
		switch f.dispose {
		case 1:
			draw.Draw(screen, area, image.Transparent, image.Point{}, draw.Src)
		case 2:
			screen = before
		}
	}
	return shown
}

func compare(t *testing.T, a *structure.Animation, want []*image.NRGBA64, tolerance int) {
	t.Helper()
	if a == nil || len(a.Frames) != len(want) {
		t.Fatalf("%+v, want %d frames", a, len(want))
	}
	p := animation.Play(a)
	for i, w := range want {
		got, err := p.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got.Rect != w.Rect {
			t.Fatalf("frame %d is %v, want %v", i, got.Rect, w.Rect)
		}
		for y := range w.Rect.Dy() {
			for x := range w.Rect.Dx() {
				if off(got.At(x, y), w.At(x, y)) > tolerance {
					t.Fatalf("frame %d at %d, %d is %v, want %v", i, x, y, got.At(x, y), w.At(x, y))
				}
			}
		}
	}
}

// off is the largest difference in a channel, premultiplied, in 8 bits.
func off(a, b color.Color) (most int) {
	ar, ag, ab, aa := a.RGBA()
	br, bg, bb, ba := b.RGBA()
	for _, p := range [4][2]uint32{{ar, br}, {ag, bg}, {ab, bb}, {aa, ba}} {
		d := int(p[0]) - int(p[1])
		most = max(most, d/257, -d/257)
	}
	return most
}

// TestPNG plays animations of every kind of pixel, frames at random places, with
// every disposal and blending.
func TestPNG(t *testing.T) {
	t.Parallel()
	canvas := image.Rect(0, 0, 23, 17)
	colours := slices.Clone(palette.Plan9)
	colours[3] = color.NRGBA{G: 200, A: 90}
	for name, blank := range map[string]func(image.Rectangle) draw.Image{
		"rgba":         func(r image.Rectangle) draw.Image { return image.NewNRGBA(r) },
		"rgba 16 bit":  func(r image.Rectangle) draw.Image { return image.NewNRGBA64(r) },
		"rgb":          func(r image.Rectangle) draw.Image { return opaque{image.NewRGBA(r)} },
		"rgb 16 bit":   func(r image.Rectangle) draw.Image { return opaque{image.NewRGBA64(r)} },
		"grey":         func(r image.Rectangle) draw.Image { return image.NewGray(r) },
		"grey 16 bit":  func(r image.Rectangle) draw.Image { return image.NewGray16(r) },
		"with palette": func(r image.Rectangle) draw.Image { return image.NewPaletted(r, colours) },
	} {
		random := rand.New(rand.NewPCG(1, uint64(len(name))))
		var frames []drawn
		var encoded []imagingtest.APNGFrame
		for i := range 12 {
			area := canvas
			if i > 0 {
				x, y := random.IntN(20), random.IntN(15)
				area = image.Rect(x, y, x+1+random.IntN(23-x), y+1+random.IntN(17-y))
			}
			img := blank(area)
			for y := area.Min.Y; y < area.Max.Y; y++ {
				for x := area.Min.X; x < area.Max.X; x++ {
					img.Set(x, y, color.NRGBA{
						R: uint8(random.Uint32()), G: uint8(random.Uint32()), B: uint8(random.Uint32()),
						A: []uint8{0, 255, uint8(random.Uint32())}[random.IntN(3)],
					})
				}
			}
			img.Set(area.Min.X, area.Min.Y, color.NRGBA{G: 200, A: 90}) // so that its kind is that of the first
			f := drawn{img, byte(random.IntN(3)), random.IntN(2) == 0}
			frames = append(frames, f)
			encoded = append(encoded, imagingtest.APNGFrame{Image: img, Num: 1, Dispose: f.dispose, Over: f.over})
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := coalesce(canvas, frames)
			compare(t, png.Animation(imagingtest.APNG(nil, 0, encoded...)), want, 2)
			still := blank(canvas)
			still.Set(0, 0, color.NRGBA{G: 200, A: 90})
			compare(t, png.Animation(imagingtest.APNG(still, 0, encoded...)), want, 2)
		})
	}
}

// opaque takes the colour and not the alpha of what is set.
type opaque struct{ draw.Image }

func (o opaque) Set(x, y int, c color.Color) {
	n, _ := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = 255
	o.Image.Set(x, y, n)
}

func (opaque) Opaque() bool { return true }

// TestGIF plays frames at random places, with every disposal, colours of their
// own, and reaching off the screen.
func TestGIF(t *testing.T) {
	t.Parallel()
	canvas := image.Rect(0, 0, 40, 30)
	random := rand.New(rand.NewPCG(2, 3))
	for range 20 {
		g := &gif.GIF{Config: image.Config{Width: 40, Height: 30, ColorModel: color.Palette(palette.WebSafe[:200])}}
		var frames []drawn
		for range 8 {
			x, y := random.IntN(35), random.IntN(25)
			area := image.Rect(x, y, x+1+random.IntN(40-x), y+1+random.IntN(30-y))
			colours := append(color.Palette{color.Transparent}, palette.Plan9[random.IntN(200):][:30]...)
			if random.IntN(2) == 0 { // none of them transparent
				colours = colours[1:]
			}
			img := image.NewPaletted(area, colours)
			for i := range img.Pix {
				img.Pix[i] = byte(random.IntN(len(colours)))
			}
			dispose := byte(random.IntN(3))
			g.Image, g.Delay = append(g.Image, img), append(g.Delay, 5)
			g.Disposal = append(g.Disposal, []byte{gif.DisposalNone, gif.DisposalBackground, gif.DisposalPrevious}[dispose])
			frames = append(frames, drawn{img, dispose, true})
		}
		var b bytes.Buffer
		if err := gif.EncodeAll(&b, g); err != nil {
			t.Fatal(err)
		}
		a, err := giffile.Animation(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		compare(t, a, coalesce(canvas, frames), 0)

		// The same on a smaller canvas.
		a.Width, a.Height = 20, 15
		compare(t, a, coalesce(image.Rect(0, 0, 20, 15), frames), 0)
	}
}

// TestInterlacedGIF tells the rows apart.
func TestInterlacedGIF(t *testing.T) {
	t.Parallel()
	for height := 1; height < 40; height++ {
		order := make([]int, 0, height) // of the rows as they are stored
		for _, pass := range [4][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
			for y := pass[0]; y < height; y += pass[1] {
				order = append(order, y)
			}
		}
		colours := palette.Plan9[:64]
		stored, upright := image.NewPaletted(image.Rect(0, 0, 3, height), colours), image.NewPaletted(image.Rect(0, 0, 3, height), colours)
		for i, y := range order {
			for x := range 3 {
				stored.SetColorIndex(x, i, uint8(y))
				upright.SetColorIndex(x, y, uint8(y))
			}
		}
		var b bytes.Buffer
		if err := gif.Encode(&b, stored, nil); err != nil {
			t.Fatal(err)
		}
		a, err := giffile.Animation(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		a.Frames[0].GIF.Interlaced = true
		compare(t, a, coalesce(stored.Rect, []drawn{{upright, 0, true}}), 0)
	}
}

// FuzzPlay plays whatever the parsers let through.
func FuzzPlay(f *testing.F) {
	f.Add(imagingtest.AnimatedPNG(9, 7, 3))
	f.Add(imagingtest.AnimatedGIF(9, 7, 3))
	f.Add(imagingtest.APNG(imagingtest.Flat(image.Rect(0, 0, 8, 8), color.NRGBA{A: 9}), 2,
		imagingtest.APNGFrame{Image: imagingtest.Flat(image.Rect(2, 1, 5, 8), color.NRGBA{R: 9, A: 77}), Dispose: 2, Over: true},
		imagingtest.APNGFrame{Image: imagingtest.Flat(image.Rect(0, 0, 1, 1), color.NRGBA{B: 9, A: 7}), Dispose: 1, Over: true}))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a *structure.Animation
		if imagefile.Sniff(body) == imagefile.GIF {
			a, _ = giffile.Animation(body)
		} else {
			a = png.Animation(body)
		}
		if a == nil || a.Width*a.Height > 1<<16 || len(a.Frames) > 50 {
			return // too much work
		}
		p := animation.Play(a)
		for range a.Frames {
			canvas, err := p.Next()
			if err != nil {
				return
			}
			if canvas.Rect != image.Rect(0, 0, a.Width, a.Height) {
				t.Fatalf("the canvas is %v", canvas.Rect)
			}
		}
	})
}
