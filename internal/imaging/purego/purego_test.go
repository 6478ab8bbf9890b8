package purego

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagingtest"
)

// TestResampleKeepsLevels shrinks a flat plane: a filter whose weights do not
// sum to one would change its level.
func TestResampleKeepsLevels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ w, h, dw, dh int }{
		{100, 80, 50, 40}, {101, 77, 33, 25}, {3, 3, 1, 1}, {1, 1, 1, 1}, {1000, 1, 7, 1}, {5, 900, 5, 899},
	} {
		for _, level := range []byte{0, 1, 127, 254, 255} {
			p := newPlane(c.w, c.h, 1)
			for i := range p.pix {
				p.pix[i] = level
			}
			out := p.resample(c.dw, c.dh, float64(c.w)/float64(c.dw), float64(c.h)/float64(c.dh))
			for i, v := range out.pix {
				if v != level {
					t.Fatalf("%+v: sample %d of level %d is %d", c, i, level, v)
				}
			}
		}
	}
}

// TestResampleKeepsPlaces shrinks a ramp: a shift by half a sample would show.
func TestResampleKeepsPlaces(t *testing.T) {
	t.Parallel()
	p := newPlane(240, 1, 1)
	for x := range p.pix {
		p.pix[x] = byte(x)
	}
	out := p.resample(60, 1, 4, 1)
	for x := 2; x < 58; x++ { // the ends have no neighbours
		if want := 4*float64(x) + 1.5; math.Abs(float64(out.pix[x])-want) > 1 {
			t.Errorf("sample %d is %d, want %.1f", x, out.pix[x], want)
		}
	}
}

func TestSubsampling(t *testing.T) {
	t.Parallel()
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		img := image.NewYCbCr(image.Rect(0, 0, 61, 43), ratio)
		for y := range 43 {
			for x := range 61 {
				left := color.YCbCr{Y: 150, Cb: 60, Cr: 200}
				if x > 30 {
					left = color.YCbCr{Y: 90, Cb: 200, Cr: 60}
				}
				img.Y[img.YOffset(x, y)], img.Cb[img.COffset(x, y)], img.Cr[img.COffset(x, y)] = left.Y, left.Cb, left.Cr
			}
		}
		for _, size := range [][2]int{{61, 43}, {30, 21}, {7, 5}, {1, 1}} {
			got := shrink(img, size[0], size[1]).image()
			if b := got.Bounds(); b.Dx() != size[0] || b.Dy() != size[1] {
				t.Fatalf("%v: %v", ratio, b)
			}
			if size[0] < 5 {
				continue
			}
			for x, want := range map[int]color.YCbCr{0: {Y: 150, Cb: 60, Cr: 200}, size[0] - 1: {Y: 90, Cb: 200, Cr: 60}} {
				got := color.YCbCrModel.Convert(got.At(x, size[1]/2)).(color.YCbCr)
				far := func(a, b uint8) bool { return max(a, b)-min(a, b) > 6 } // the edge rings a little
				if far(got.Y, want.Y) || far(got.Cb, want.Cb) || far(got.Cr, want.Cr) {
					t.Errorf("%v to %v: pixel %d is %v, want %v", ratio, size, x, got, want)
				}
			}
		}
	}
}

// TestProfile converts a known colour: the green of Display P3 is beyond sRGB,
// its greys are the same.
func TestProfile(t *testing.T) {
	t.Parallel()
	profile, ok := parseProfile(imagefile.Inspect(imagingtest.Fixture("p3.jpg")).Profile)
	if !ok {
		t.Fatal("the profile cannot be read")
	}
	p := plane{pix: []byte{128, 128, 128, 255, 0, 255, 0, 255, 200, 100, 50, 255, 0, 0, 0, 0}, stride: 16, width: 4, height: 1, channels: 4}
	newConverter(profile).convert(p)
	want := []byte{128, 128, 128, 255, 0, 255, 0, 255, 213, 95, 34, 255, 0, 0, 0, 0}
	for i, v := range p.pix {
		if math.Abs(float64(v)-float64(want[i])) > 2 {
			t.Errorf("byte %d is %d, want %d", i, v, want[i])
		}
	}
}

func TestCurves(t *testing.T) {
	t.Parallel()
	s15 := func(values ...float64) []byte {
		var b []byte
		for _, v := range values {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(v*65536)))
		}
		return b
	}
	srgb := func(x float64) float64 {
		if x < 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	for name, c := range map[string]struct {
		data []byte
		want func(float64) float64
	}{
		"line":    {[]byte("curv\x00\x00\x00\x00\x00\x00\x00\x00"), func(x float64) float64 { return x }},
		"gamma 2": {[]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x00"), func(x float64) float64 { return x * x }},
		"table":   {[]byte("curv\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\xff\xff"), func(x float64) float64 { return x }},
		"power":   {append([]byte("para\x00\x00\x00\x00\x00\x00\x00\x00"), s15(3)...), func(x float64) float64 { return x * x * x }},
		"offset": {
			append([]byte("para\x00\x00\x00\x00\x00\x01\x00\x00"), s15(1, 2, -1)...),
			func(x float64) float64 { return max(0, 2*x-1) },
		},
		"srgb": {append([]byte("para\x00\x00\x00\x00\x00\x03\x00\x00"), s15(2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)...), srgb},
	} {
		var curve [256]float64
		if !parseCurve(c.data, &curve) {
			t.Errorf("%s cannot be read", name)
			continue
		}
		for i, v := range curve {
			if want := c.want(float64(i) / 255); math.Abs(v-want) > 0.001 {
				t.Errorf("%s at %d: %.4f, want %.4f", name, i, v, want)
				break
			}
		}
	}
}

func FuzzProfile(f *testing.F) {
	f.Add(imagefile.Inspect(imagingtest.Fixture("p3.jpg")).Profile)
	f.Fuzz(func(_ *testing.T, icc []byte) {
		if p, ok := parseProfile(icc); ok {
			newConverter(p).convert(newPlane(1, 1, 4))
		}
	})
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"avif": imagingtest.Fixture("photo.avif"), "cmyk": imagingtest.Fixture("cmyk.jpg"),
	} {
		_, err := New().Header(engine.Source{Info: imagefile.Inspect(body), Body: body})
		if f, ok := fault.FailureOf(err); !ok || f.Reason != fault.UnsupportedType {
			t.Errorf("%s: %v", name, err)
		}
	}
}
