package imagingtest

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// weight renders sources that are light already.
func (s suite) weight(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	photo := Picture(500, 375, 7)
	dot := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.White})
	hole := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Transparent})
	flat := image.NewPaletted(image.Rect(0, 0, 400, 400), color.Palette{color.White, color.Black})
	for name, body := range map[string][]byte{
		"1 × 1 gif":           GIF(dot),
		"1 × 1 clear gif":     GIF(hole),
		"1 × 1 png":           lightPNG(dot),
		"1 × 1 clear png":     lightPNG(hole),
		"1 × 1 jpeg":          JPEG(dot, 1),
		"1 × 1 rotated jpeg":  WithEXIF(JPEG(dot, 1), 6, false),
		"flat png":            lightPNG(flat),
		"flat gif":            GIF(flat),
		"palette png":         lightPNG(paletted(Picture(64, 48, 8))),
		"jpeg at 5":           JPEG(photo, 5),
		"jpeg at 20":          JPEG(photo, 20),
		"jpeg at 60":          JPEG(photo, 60),
		"rotated jpeg at 5":   WithEXIF(JPEG(photo, 5), 6, false),
		"rotated jpeg at 20":  WithEXIF(JPEG(photo, 20), 8, true),
		"grey jpeg at 10":     JPEG(Grey(photo), 10),
		"webp":                Fixture("photo.webp"),
		"webp with alpha":     Fixture("alpha.webp"),
		"large jpeg at 3":     JPEG(Picture(2100, 100, 9), 3),
		"transparent disc":    TransparentPNG(40, 30),
		"tiff":                TIFF(dot),
		"small tiff":          TIFF(Picture(20, 10, 1)),
		"animated gif of one": AnimatedGIF(1, 1, 2),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.render(t, r, body)
		})
	}
}

// truncated cuts every kind of file at several points.
func (s suite) truncated(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	sources := append(s.sources(),
		source{name: "png alpha", body: TransparentPNG(200, 150), able: true},
		source{name: "gif animated", body: AnimatedGIF(90, 60, 3), able: true},
		source{name: "webp lossless", body: Fixture("lossless.webp"), able: true},
		source{name: "webp animated", body: Fixture("animated.webp"), able: s.can.Animations},
		source{name: "jpeg large", body: Photo(1000, 800, 3), able: true},
	)
	for _, src := range sources {
		t.Run(src.name, func(t *testing.T) {
			t.Parallel()
			n := len(src.body)
			last := n - 13
			if src.name == "tiff" { // ends with its resolution, behind the pixels
				last -= 20
			}
			for _, cut := range []int{n / 50, n / 10, n / 3, n / 2, n * 3 / 4, n * 95 / 100, last} {
				reasons := []fault.Reason{fault.DecodeFailed}
				if !src.able || cut < 64 {
					reasons = append(reasons, fault.UnsupportedType)
				}
				t.Run(strconv.Itoa(cut)+" of "+strconv.Itoa(n), func(t *testing.T) {
					expectFailure(t, r, src.body[:cut], reasons...)
				})
			}
		})
	}
}

// corrupt breaks bytes in the middle where the format can tell.
func (s suite) corrupt(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	body := PNG(Picture(200, 150, 1))
	for i := range 40 {
		body[len(body)/2+i] ^= 0x5A
	}
	expectFailure(t, r, body, fault.DecodeFailed)
	// A JPEG cut in the middle whose end is there again.
	photo := Photo(800, 600, 2)
	holed := append(append([]byte(nil), photo[:len(photo)/2]...), 0xFF, 0xD9)
	expectFailure(t, r, holed, fault.DecodeFailed)
}

func (s suite) limits(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	t.Run("bomb", func(t *testing.T) {
		t.Parallel()
		started := time.Now()
		expectFailure(t, r, BombPNG(65536, 65536), fault.TooManyPixels)
		expectFailure(t, r, BombPNG(20000, 5001), fault.TooManyPixels)
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("refusing took %v", took)
		}
	})
	t.Run("pixels", func(t *testing.T) {
		t.Parallel()
		o := DefaultOptions()
		o.MaxPixels = 300 * 200
		r := s.open(t, o)
		s.render(t, r, Photo(300, 200, 1))
		expectFailure(t, r, Photo(301, 200, 1), fault.TooManyPixels)
	})
	t.Run("frames", func(t *testing.T) {
		t.Parallel()
		o := DefaultOptions()
		o.MaxFrames = 3
		r := s.open(t, o)
		s.render(t, r, AnimatedGIF(50, 40, 3))
		expectFailure(t, r, AnimatedGIF(50, 40, 4), fault.TooManyPixels)
	})
	t.Run("pixels of all frames", func(t *testing.T) {
		t.Parallel()
		o := DefaultOptions()
		o.MaxAnimationPixels = 3 * 50 * 40
		r := s.open(t, o)
		s.render(t, r, AnimatedGIF(50, 40, 3))
		expectFailure(t, r, AnimatedGIF(50, 40, 4), fault.TooManyPixels)
	})
}

// parallel renders good and bad pictures at once: each gets its own result.
func (s suite) parallel(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	good := Photo(640, 480, 11)
	want := s.render(t, r, good)
	broken := good[:len(good)/2]
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			if i%2 == 1 {
				if _, err := r.Render(t.Context(), media.DefaultPreset(false), broken); err == nil {
					t.Error("half a picture was rendered")
				}
				return
			}
			got, err := r.Render(t.Context(), media.DefaultPreset(false), good)
			if err != nil || !sameRendered(got, want) {
				t.Errorf("Render beside others: %v, or another result", err)
			}
		})
	}
	wg.Wait()
}

func sameRendered(a, b media.Rendered) bool {
	if a.Placeholder != b.Placeholder || len(a.Variants) != len(b.Variants) {
		return false
	}
	for i := range a.Variants {
		if !bytes.Equal(a.Variants[i].Body, b.Variants[i].Body) {
			return false
		}
	}
	return bytes.Equal(a.Compressed.Body, b.Compressed.Body)
}

func (s suite) cancelled(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.renderer(t).Render(ctx, media.DefaultPreset(false), Photo(100, 100, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Render with a ctx that is done: %v", err)
	}
}

func (s suite) avif(t *testing.T) {
	t.Helper()
	out := s.renderBy(t, s.renderer(t), media.DefaultPreset(true), Photo(900, 600, 12))
	var formats []string
	for _, v := range out.Variants {
		formats = append(formats, v.Format)
	}
	want := []string{"jpeg", "jpeg", "jpeg"}
	switch {
	case s.can.AVIFOutput:
		want = []string{"webp", "avif", "webp", "avif", "webp", "avif"}
	case s.can.WebP:
		want = []string{"webp", "webp", "webp"}
	}
	if !slices.Equal(formats, want) {
		t.Errorf("variants are %q, want %q", formats, want)
	}
}
