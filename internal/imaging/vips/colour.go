//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"vitrine.dev/internal/imaging/imagefile/icc"
)

// Values of VipsInterpretation and VipsBandFormat.
const (
	spaceGrey   = 1
	spaceCMYK   = 15
	spaceSRGB   = 22
	spaceGrey16 = 26
	formatByte  = 0
	formatShort = 2
)

const metaProfile = "icc-profile-data"

// toSRGB brings the image to sRGB or grey in 8 bits. It stays as it is where
// it is that already; tagged says that its profile is known to be sRGB.
func (im *image) toSRGB(tagged bool) (*image, error) {
	if im.isSRGB(tagged) {
		return im, nil
	}
	if !im.hasAlpha() || !im.integral() {
		return chain(im.ref(),
			(*image).convert,
			func(im *image) (*image, error) { return im.cast(formatByte) },
			func(im *image) (*image, error) { return im.firstBands(4) }, // a TIFF may have any number
		)
	}
	// Alpha goes around the conversion: icc_transform of libvips before 8.16.1
	// cuts one of 16 bits off at 255 instead of scaling it.
	alpha, err := chain(im.ref(),
		func(im *image) (*image, error) { return im.extract(im.colours(), 1) },
		(*image).shiftToByte,
	)
	if err != nil {
		return nil, err
	}
	defer alpha.close()
	return chain(im.ref(),
		func(im *image) (*image, error) { return im.firstBands(im.colours()) },
		(*image).convert,
		func(im *image) (*image, error) { return im.cast(formatByte) },
		func(im *image) (*image, error) { return im.joinBand(alpha) },
	)
}

// isSRGB reports whether nothing is to be converted.
func (im *image) isSRGB(tagged bool) bool {
	space := im.interpretation()
	return im.format() == formatByte && (space == spaceSRGB || space == spaceGrey) &&
		(tagged || !im.has(metaProfile)) && im.bands() <= 4
}

// integral reports whether the samples are of 8 or 16 bits.
func (im *image) integral() bool { return im.format() == formatByte || im.format() == formatShort }

// convert does the change of colour space.
func (im *image) convert() (*image, error) {
	if profile := im.profile(); im.fits(profile) && im.integral() {
		// A profile that is damaged is as good as none.
		to := (*image).transform
		if im.interpretation() == spaceCMYK {
			to = (*image).transformInk
		}
		if out, err := to(im, "embedded", true, icc.IntentOf(profile)); err == nil {
			return out, nil
		}
	}
	switch space := im.interpretation(); space {
	case spaceCMYK:
		return im.transformInk("input_profile", "cmyk", icc.Perceptual)
	case spaceGrey16, spaceGrey:
		return im.lib.do("colourspace").set("in", im).set("space", spaceGrey).image()
	default:
		return im.lib.do("colourspace").set("in", im).set("space", spaceSRGB).image()
	}
}

// fits reports whether the profile is one for as many colours as the picture
// has: icc_transform would convert as many bands as the profile knows, and add
// the others to the result. The signature is that of ICC.1:2022, 7.2.6.
func (im *image) fits(profile []byte) bool {
	if len(profile) < 20 {
		return false
	}
	switch string(profile[16:20]) {
	case "GRAY":
		return im.colours() == 1
	case "CMYK":
		return im.colours() == 4
	default: // RGB, Lab and the like
		return im.colours() == 3
	}
}

// transform converts from a profile to sRGB. An intent that the profile lacks
// would make libvips take the picture for sRGB. The darkest colour of ink
// becomes black, else the picture is pale; libvips 8.18 does so unasked.
func (im *image) transform(profile string, value any, intent icc.Intent) (*image, error) {
	return im.lib.do("icc_transform").set("in", im).set(profile, value).
		set("output_profile", "srgb").set("depth", 8).set("intent", int(intent)).
		offer("black_point_compensation", true).image() // 8.12 and newer
}

// colours is how many bands come before alpha.
func (im *image) colours() int {
	switch im.interpretation() {
	case spaceGrey, spaceGrey16:
		return 1
	case spaceCMYK:
		return 4
	default:
		return 3
	}
}

// shiftToByte keeps the upper 8 bits of 16.
func (im *image) shiftToByte() (*image, error) {
	if im.format() == formatByte {
		return im, nil
	}
	return im.lib.do("cast").set("in", im).set("format", formatByte).set("shift", true).image()
}

// withoutExtras drops what a TIFF may have beyond colours and alpha.
func (im *image) withoutExtras() (*image, error) {
	if !im.hasAlpha() {
		return im, nil
	}
	return im.firstBands(im.colours() + 1)
}

// inkFirst converts ink with alpha, which cannot be made smaller as it is:
// premultiply takes 255 for the most of its alpha, whatever its depth.
func (im *image) inkFirst(toSRGB step) (*image, error) {
	if im.interpretation() == spaceCMYK && im.hasAlpha() {
		return toSRGB(im)
	}
	return im, nil
}

// firstBands drops every band after the first n.
func (im *image) firstBands(n int) (*image, error) {
	if im.bands() <= n {
		return im, nil
	}
	return im.extract(0, n)
}

// extract takes n bands out.
func (im *image) extract(first, n int) (*image, error) {
	return im.lib.do("extract_band").set("in", im).set("band", first).set("n", n).image()
}

// joinBand appends the bands of another image.
func (im *image) joinBand(other *image) (*image, error) {
	objs := []*gobject{im.obj, other.obj} // the array takes references of its own
	array := im.lib.ArrayImageNew(&objs[0], 2)
	defer im.lib.AreaUnref(array)
	return im.lib.do("bandjoin").set("in", array).image()
}
