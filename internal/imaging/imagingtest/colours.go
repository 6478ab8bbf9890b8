package imagingtest

import (
	"encoding/binary"
	"math"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// coloured is a file of one colour with what it has to come out as.
type coloured struct {
	name string
	body []byte
	want [4]float64 // red, green, blue and alpha, of 255
	able bool       // the engine can read it
}

// flat is a picture of one colour, given in 8 bits.
func flat(w, h, bits int, photometric, extra uint32, profile []byte, samples ...byte) sampled {
	var deep []uint16
	for _, v := range samples {
		deep = append(deep, uint16(v)*257)
	}
	return sampled{
		w: w, h: h, bits: bits, photometric: photometric, extra: extra, profile: profile,
		at: func(int, int) []uint16 { return deep },
	}
}

// colours renders what says in some way how its samples stand for colours.
func (s suite) colours(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	for name, cases := range map[string][]coloured{
		"alpha": s.alphas(60, 40), "alpha made smaller": s.alphas(2100, 24),
		"profiles": s.profiles(), "png chunks": pngColours(),
	} {
		for _, c := range cases {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				if !c.able {
					expectFailure(t, r, c.body, fault.UnsupportedType)
					return
				}
				out := s.render(t, r, c.body)
				for _, e := range append(out.Variants, out.Compressed) {
					checkMean(t, e, c.want)
				}
			})
		}
	}
}

// alphas are half-transparent in every way that a channel of alpha is stored.
func (s suite) alphas(w, h int) []coloured {
	orange, grey := [4]float64{250, 140, 40, 128}, [4]float64{160, 160, 160, 128}
	converted := [4]float64{250, 141, 35, 128} // from a gamma of 2.2
	profile, greys := matrixProfile(false), greyProfile(2.2)
	rgb := func(bits int, extra uint32, profile []byte) sampled {
		if extra == tiffAssociated {
			return flat(w, h, bits, tiffRGB, extra, profile, 125, 70, 20, 128)
		}
		return flat(w, h, bits, tiffRGB, extra, profile, 250, 140, 40, 128)
	}
	several := rgb(16, tiffSeparated, profile)
	several.at = func(int, int) []uint16 {
		return []uint16{250 * 257, 140 * 257, 40 * 257, 128 * 257, 0x1234, 0x5678}
	}
	cases := []coloured{
		{"png of 8 bits", rgb(8, 0, nil).png(), orange, true},
		{"png of 8 bits with a profile", rgb(8, 0, profile).png(), converted, true},
		{"png of 16 bits", rgb(16, 0, nil).png(), orange, true},
		{"png of 16 bits with a profile", rgb(16, 0, profile).png(), converted, true},
		{"png of 16 bits with a profile that does not fit", rgb(16, 0, greys).png(), orange, true},
		{"grey png of 16 bits", flat(w, h, 16, 0, 0, nil, 160, 128).png(), grey, true},
		{"grey png of 16 bits with a profile", flat(w, h, 16, 0, 0, greys, 160, 128).png(), grey, true},
		{"tiff of 8 bits with a profile", rgb(8, tiffSeparated, profile).tiff(), converted, true},
		{"tiff of 16 bits", rgb(16, tiffSeparated, nil).tiff(), orange, true},
		{"tiff of 16 bits with a profile", rgb(16, tiffSeparated, profile).tiff(), converted, true},
		{"tiff of 16 bits, premultiplied", rgb(16, tiffAssociated, nil).tiff(), orange, true},
		{"tiff of 16 bits, premultiplied, with a profile", rgb(16, tiffAssociated, profile).tiff(), converted, true},
		{"tiff of 8 bits, premultiplied, with a profile", rgb(8, tiffAssociated, profile).tiff(), converted, true},
		{"grey tiff of 16 bits with a profile", flat(w, h, 16, tiffGrey, tiffSeparated, greys, 160, 128).tiff(), grey, s.can.GreyAlphaTIFF},
		{"tiff of ink", flat(w, h, 8, tiffInk, tiffSeparated, nil, 0, 100, 200, 10, 128).tiff(), [4]float64{240, 149, 60, 128}, s.can.CMYK},
		{"tiff of ink of 16 bits", flat(w, h, 16, tiffInk, tiffSeparated, nil, 0, 100, 200, 10, 128).tiff(), [4]float64{240, 149, 60, 128}, s.can.CMYK},
	}
	if s.can.ManyChannels {
		cases = append(cases, coloured{"tiff of 16 bits with more channels", several.tiff(), converted, true})
	}
	return cases
}

// profiles are pictures whose profile lacks something.
func (s suite) profiles() []coloured {
	const w, h = 60, 40
	rgb := func(profile []byte, bits int) []byte { return flat(w, h, bits, tiffRGB, 0, profile, 255, 0, 0).png() }
	blue, red, black := [4]float64{0, 0, 255, 255}, [4]float64{255, 0, 0, 255}, [4]float64{1, 0, 0, 255}
	return []coloured{
		{"matrix", rgb(matrixProfile(true), 8), blue, true},
		{"matrix of 16 bits", rgb(matrixProfile(true), 16), blue, true},
		{"table, perceptual only", rgb(tableProfile("A2B0"), 8), blue, s.can.Tables},
		{"table, perceptual only, of 16 bits", rgb(tableProfile("A2B0"), 16), blue, s.can.Tables},
		{"table, relative only", rgb(tableProfile("A2B1"), 8), blue, s.can.Tables},
		{"table, saturation only", rgb(tableProfile("A2B2"), 8), blue, s.can.Tables},
		{"for grey", rgb(greyProfile(1), 8), red, true},
		{"for grey, in a tiff", flat(w, h, 8, tiffRGB, 0, greyProfile(1), 255, 0, 0).tiff(), red, true},
		{"for colours, in a grey tiff", flat(w, h, 8, tiffGrey, 0, matrixProfile(true), 100).tiff(), [4]float64{100, 100, 100, 255}, true},
		{"for colours, in a tiff of ink", flat(w, h, 8, tiffInk, 0, matrixProfile(true), 200, 180, 180, 240).tiff(), black, s.can.CMYK},
		{"cut off", rgb(matrixProfile(true)[:200], 8), red, true},
		{"tiff", flat(w, h, 8, tiffRGB, 0, matrixProfile(true), 255, 0, 0).tiff(), blue, true},
		{"grey", flat(w, h, 8, 0, 0, greyProfile(1), 100).png(), [4]float64{168, 168, 168, 255}, true},
		// By libvips 8.18 with LittleCMS 2.19: a usual profile for offset print.
		{"grey ink", flat(w, h, 8, tiffInk, 0, nil, 0, 0, 0, 128).tiff(), [4]float64{134, 133, 132, 255}, s.can.CMYK},
		{"blue ink", flat(w, h, 8, tiffInk, 0, nil, 120, 20, 0, 0).tiff(), [4]float64{113, 185, 232, 255}, s.can.CMYK},
		{"black ink", flat(w, h, 8, tiffInk, 0, nil, 200, 180, 180, 240).tiff(), black, s.can.CMYK},
	}
}

// pngColours are PNGs with chunks other than iCCP, alone and together.
func pngColours() []coloured {
	number := func(name string, values ...float64) []byte {
		var b []byte
		for _, v := range values {
			b = binary.BigEndian.AppendUint32(b, uint32(math.Round(v*100_000)))
		}
		return pngChunk(name, b)
	}
	p3 := number("cHRM", 0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
	like := number("cHRM", 0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
	coded := func(points ...byte) []byte { return pngChunk("cICP", points) }
	srgb := pngChunk("sRGB", []byte{0})
	iccp := pngChunk("iCCP", append([]byte("x\x00\x00"), compressed(matrixProfile(true))...))
	file := func(chunks ...[]byte) []byte { return flat(64, 48, 8, 0, 0, nil, 200, 100, 50).png(chunks...) }

	// By the formulas of the spaces, to be checked by hand: 255*srgb(M*light).
	plain, inP3 := [4]float64{200, 100, 50, 255}, [4]float64{215, 93, 31, 255}
	linear, mac := [4]float64{229, 168, 122, 255}, [4]float64{210, 119, 65, 255}
	wide, exchanged := [4]float64{246, 94, 50, 255}, [4]float64{50, 100, 200, 255}
	return []coloured{
		{"none", file(), plain, true},
		{"gAMA", file(number("gAMA", 1)), linear, true},
		{"gAMA of grey pixels", flat(64, 48, 8, 0, 0, nil, 100, 100, 100).png(number("gAMA", 1)), [4]float64{168, 168, 168, 255}, true},
		{"gAMA of an old Mac", file(number("gAMA", 0.55556)), mac, true},
		{"gAMA and cHRM that are as good as sRGB", file(number("gAMA", 0.45455), like), plain, true},
		{"gAMA of nothing", file(number("gAMA", 0)), plain, true},
		{"cHRM", file(p3), inP3, true},
		{"cHRM without a space", file(number("cHRM", 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)), plain, true},
		{"gAMA below sRGB", file(number("gAMA", 1), srgb), plain, true},
		{"gAMA below iCCP", file(number("gAMA", 1), iccp), exchanged, true},
		{"cICP", file(coded(12, 13, 0, 1)), inP3, true},
		{"cICP of television", file(coded(9, 1, 0, 1)), wide, true},
		{"cICP above all", file(coded(1, 13, 0, 1), iccp, number("gAMA", 1), p3), plain, true},
		{"cICP above iCCP", file(iccp, coded(12, 13, 0, 1)), inP3, true},
		{"cICP of a high dynamic range", file(coded(9, 16, 0, 1), iccp), exchanged, true},
		{"cICP of a narrow range", file(coded(12, 13, 0, 0)), plain, true},
		{"gAMA, grey", flat(64, 48, 8, 0, 0, nil, 100).png(number("gAMA", 1)), [4]float64{168, 168, 168, 255}, true},
		{"gAMA, grey and alpha", flat(64, 48, 16, 0, 0, nil, 100, 128).png(number("gAMA", 1)), [4]float64{168, 168, 168, 128}, true},
		{"cICP and alpha", flat(64, 48, 16, 0, 0, nil, 200, 100, 50, 128).png(coded(12, 13, 0, 1)), [4]float64{215, 93, 31, 128}, true},
	}
}

// checkMean checks the mean of the colours, weighted by alpha, and of alpha.
// Lossy compression of one colour is off by few.
func checkMean(t *testing.T, e media.Encoded, want [4]float64) {
	t.Helper()
	img := Decode(t, e.Body)
	b := img.Bounds()
	var got [4]float64
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, a := img.At(x, y).RGBA()
			for k, v := range [4]uint32{r, g, b, a} {
				got[k] += float64(v)
			}
		}
	}
	for k := range 3 {
		got[k] *= 255 / max(got[3], 1)
	}
	got[3] /= 257 * float64(b.Dx()*b.Dy())
	for k := range got {
		bound := 5.0
		if want[3] == 255 && want[0] < 10 && want[1] < 10 && want[2] < 20 {
			bound = 12
		}
		if math.Abs(got[k]-want[k]) > bound {
			t.Errorf("%s of %d: the mean is %.0f, want %.0f", e.Format, e.Width, got, want)
			return
		}
	}
}
