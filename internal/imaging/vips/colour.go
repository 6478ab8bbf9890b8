//go:build darwin || freebsd || linux || netbsd

package vips

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
	return chain(im.ref(),
		func(im *image) (*image, error) { return im.convert(tagged) },
		func(im *image) (*image, error) { return im.cast(formatByte) },
		(*image).fourBands,
	)
}

// convert does the change of colour space.
func (im *image) convert(tagged bool) (*image, error) {
	space := im.interpretation()
	byteRGB := im.format() == formatByte && (space == spaceSRGB || space == spaceGrey)
	if im.has(metaProfile) && (!byteRGB || !tagged) && im.format() <= formatShort {
		// A profile that does not fit the picture is as good as none.
		if out, err := im.lib.do("icc_transform").set("in", im).
			set("output_profile", "srgb").set("embedded", true).set("depth", 8).image(); err == nil {
			return out, nil
		}
	}
	switch {
	case byteRGB:
		return im, nil
	case space == spaceCMYK:
		return im.lib.do("icc_transform").set("in", im).
			set("input_profile", "cmyk").set("output_profile", "srgb").set("depth", 8).image()
	case space == spaceGrey16, space == spaceGrey:
		return im.lib.do("colourspace").set("in", im).set("space", spaceGrey).image()
	default:
		return im.lib.do("colourspace").set("in", im).set("space", spaceSRGB).image()
	}
}

// fourBands drops what a TIFF may carry beyond colour and alpha.
func (im *image) fourBands() (*image, error) {
	if im.bands() <= 4 {
		return im, nil
	}
	return im.lib.do("extract_band").set("in", im).set("band", 0).set("n", 4).image()
}
