package imagingtest

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"slices"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/media"
)

// animated is an animation of frames of 70 ms.
type animated struct {
	name    string
	body    []byte
	frames  int
	width   int
	passed  bool // an engine without animations passes it on as it came
	variant int  // how many there are of it
}

func animatedSources() []animated {
	return []animated{
		{name: "gif", body: AnimatedGIF(400, 300, 4), frames: 4, width: 400, passed: true, variant: 2},
		{name: "webp", body: Fixture("animated.webp"), frames: 3, width: 96, variant: 1},
		{name: "png", body: AnimatedPNG(400, 300, 3), frames: 3, width: 400, variant: 2},
		{name: "gif larger than the box", body: AnimatedGIF(2100, 40, 2), frames: 2, width: 2048, variant: 3},
		{name: "png larger than the box", body: AnimatedPNG(2100, 40, 2), frames: 2, width: 2048, variant: 3},
	}
}

func (s suite) animations(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	for _, a := range animatedSources() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			out := s.render(t, r, a.body)
			switch {
			case s.can.Animations:
				checkNotes(t, out)
				for _, e := range append(out.Variants, out.Compressed) {
					checkFrames(t, e, a.frames, 70)
				}
			case a.passed:
				checkNotes(t, out)
				g, err := gif.DecodeAll(bytes.NewReader(out.Compressed.Body))
				if err != nil || len(g.Image) != a.frames || len(out.Variants) != 0 {
					t.Errorf("%v; %s, %d variants", err, out.Compressed.Format, len(out.Variants))
				}
				return
			default:
				checkNotes(t, out, catalog.FirstFrameOnly)
				for _, e := range append(out.Variants, out.Compressed) {
					if n := imagefile.Inspect(e.Body).Frames; n != 1 {
						t.Errorf("%s of %d has %d frames", e.Format, e.Width, n)
					}
				}
			}
			if out.Compressed.Width != a.width || len(out.Variants) != a.variant {
				t.Errorf("compressed is %d wide, %d variants; want %d and %d",
					out.Compressed.Width, len(out.Variants), a.width, a.variant)
			}
		})
	}
	t.Run("png that breaks a rule", func(t *testing.T) {
		t.Parallel()
		for name, body := range damaged() {
			out := s.render(t, r, body)
			checkNotes(t, out, catalog.FirstFrameOnly)
			if out.Width != 9 || imagefile.Inspect(out.Compressed.Body).Frames != 1 {
				t.Errorf("png that %s: %d wide, %s", name, out.Width, out.Compressed.Format)
			}
		}
	})
	t.Run("first frame behind the still picture", func(t *testing.T) {
		t.Parallel()
		still := Flat(image.Rect(0, 0, 40, 30), color.NRGBA{B: 255, A: 255})
		red := Flat(still.Rect, color.NRGBA{R: 255, A: 255})
		for frames := 1; frames <= 2; frames++ {
			out := s.render(t, r, APNG(still, 1, slices.Repeat([]APNGFrame{{Image: red, Num: 1, Den: 5}}, frames)...))
			if c := decodePlaceholder(t, out.Placeholder).At(3, 3); distance(c, color.NRGBA{R: 255, A: 255}) > 40 {
				t.Errorf("of %d frames, the first is %v", frames, c)
			}
		}
	})
	t.Run("no delay", func(t *testing.T) {
		t.Parallel()
		frame := func(seed uint64) APNGFrame { return APNGFrame{Image: Picture(60, 40, seed)} }
		out := s.render(t, r, APNG(nil, 0, frame(1), frame(2)))
		if s.can.Animations { // browsers show it for so long, too
			checkFrames(t, out.Compressed, 2, 100)
		}
	})
	t.Run("pages of a tiff", func(t *testing.T) {
		t.Parallel()
		checkNotes(t, s.render(t, r, tiffPages(3, false)), catalog.FirstPageOnly)
		checkNotes(t, s.render(t, r, tiffPages(1, false)))
	})
	t.Run("sequence in avif", func(t *testing.T) {
		t.Parallel()
		if s.can.AVIF {
			checkNotes(t, s.render(t, r, Sequence(Fixture("photo.avif"), 5)), catalog.FirstFrameOnly)
			checkNotes(t, s.render(t, r, Sequence(Fixture("photo.avif"), 1)))
		}
		if s.can.HEIC {
			checkNotes(t, s.render(t, r, Sequence(Fixture("photo.heic"), 2)), catalog.FirstFrameOnly)
		}
	})
}

// uncovered renders animations and pictures that leave a part of their canvas
// free: browsers show nothing there.
func (s suite) uncovered(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	canvas := image.Rect(0, 0, 60, 40)
	red := color.NRGBA{R: 255, A: 255}
	first, second := image.Rect(10, 10, 30, 30), image.Rect(20, 0, 50, 20)
	frame := func(r image.Rectangle) APNGFrame { return APNGFrame{Image: Flat(r, red), Num: 7, Den: 100} }
	for _, c := range []struct {
		name string
		body []byte
		free bool // at its left edge, and covered in its middle, from the first frame on
	}{
		{name: "gif", body: smallGIF(canvas, gif.DisposalNone, first, second), free: true},
		{name: "gif of one frame", body: smallGIF(canvas, gif.DisposalNone, first), free: true},
		{name: "gif that clears", body: smallGIF(canvas, gif.DisposalBackground, canvas, second)},
		{name: "webp", body: offsetWebP(2), free: true},
		{name: "webp of one frame", body: offsetWebP(1), free: true},
		{name: "png", body: APNG(Flat(canvas, red), 0, frame(first), frame(second)), free: true},
		{name: "png of one frame", body: APNG(Flat(canvas, red), 0, frame(first)), free: true},
		{name: "png that clears", body: APNG(nil, 0, APNGFrame{Image: Flat(canvas, red), Dispose: 1}, frame(second))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out := s.render(t, r, c.body)
			if c.free {
				mini := decodePlaceholder(t, out.Placeholder)
				b := mini.Bounds()
				if _, _, _, a := mini.At(b.Min.X, b.Min.Y+b.Dy()/2).RGBA(); a>>8 > 40 { // a miniature is blurred
					t.Errorf("the left edge has alpha %d", a>>8)
				}
				if _, _, _, a := mini.At(b.Min.X+b.Dx()/3, b.Min.Y+b.Dy()/2).RGBA(); a>>8 < 250 {
					t.Errorf("the first frame has alpha %d", a>>8)
				}
			}
			if out.Compressed.Format == "jpeg" && (c.free || s.can.Animations) {
				t.Error("transparency became JPEG")
			}
		})
	}
}

// checkNotes checks that the notes are these.
func checkNotes(t *testing.T, out media.Rendered, want ...catalog.Note) {
	t.Helper()
	if !slices.Equal(out.Notes, want) {
		t.Errorf("notes are %q, want %q", out.Notes, want)
	}
}

// checkFrames counts the frames of an animated WebP and reads their duration,
// in milliseconds.
func checkFrames(t *testing.T, e media.Encoded, want, duration int) {
	t.Helper()
	frames := 0
	for rest := e.Body[12:]; len(rest) >= 8; {
		size := int(rest[4]) | int(rest[5])<<8 | int(rest[6])<<16 | int(rest[7])<<24
		if string(rest[:4]) == "ANMF" {
			frames++
			if d := int(rest[20]) | int(rest[21])<<8 | int(rest[22])<<16; d != duration {
				t.Errorf("frame %d lasts %d ms, want %d", frames, d, duration)
			}
		}
		rest = rest[min(len(rest), 8+size+size%2):]
	}
	if e.Format != "webp" || frames != want {
		t.Errorf("%s of %d has %d frames, want %d", e.Format, e.Width, frames, want)
	}
}
