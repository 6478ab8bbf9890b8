package vips

import (
	"errors"

	"vitrine.dev/internal/imaging/imagefile/icc"
)

var errNoBlack = errors.New("a profile in which all ink is not dark")

// white is what libvips takes as the white of Lab in XYZ. It goes that way and
// back, so which white it is does not matter.
func white() [3]float64 { return [3]float64{95.047, 100, 108.8827} }

// transformInk is transform for CMYK. The darkest colour of ink becomes black,
// by the linear scaling of XYZ that Adobe describes ("Adobe Systems'
// Implementation of Black Point Compensation", 2006), here from the very colour
// of that black: LittleCMS before 2.19 takes it for neutral, which leaves a tint
// in the dark. https://github.com/mm2/Little-CMS/issues/599
func (im *image) transformInk(profile string, value any, intent icc.Intent) (*image, error) {
	toXYZ := func(im *image) (*image, error) {
		lab, err := im.lib.do("icc_import").set("in", im).set(profile, value).set("intent", int(intent)).image()
		if err != nil {
			return nil, err
		}
		defer lab.close()
		return im.lib.do("Lab2XYZ").set("in", lab).image()
	}
	black, err := im.darkestInk(toXYZ)
	if err != nil {
		return nil, err
	}
	var scale, offset [3]float64
	for i, w := range white() {
		if black[i] > w/2 {
			return nil, errNoBlack
		}
		scale[i] = w / (w - black[i])
		offset[i] = -black[i] * scale[i]
	}
	return chain(im.ref(),
		toXYZ,
		func(im *image) (*image, error) { return im.linear(scale[:], offset[:]) },
		func(im *image) (*image, error) { return im.lib.do("XYZ2Lab").set("in", im).image() },
		func(im *image) (*image, error) {
			return im.lib.do("icc_export").set("in", im).set("output_profile", "srgb").set("depth", 8).
				set("intent", int(icc.Perceptual)).image()
		},
	)
}

// darkestInk is all ink at once, in XYZ.
func (im *image) darkestInk(toXYZ step) (black [3]float64, err error) {
	full, err := im.lib.fromRGBA([]byte{255, 255, 255, 255}, 1, 1, im.profile())
	if err != nil {
		return black, err
	}
	xyz, err := chain(full,
		func(im *image) (*image, error) {
			return im.lib.do("copy").set("in", im).set("interpretation", spaceCMYK).image()
		},
		toXYZ,
	)
	if err != nil {
		return black, err
	}
	defer xyz.close()
	for i := range black {
		band, err := xyz.extract(i, 1)
		if err != nil {
			return black, err
		}
		black[i], err = band.lib.do("avg").set("in", band).number()
		band.close()
		if err != nil {
			return black, err
		}
	}
	return black, nil
}

// linear multiplies each band and adds to it.
func (im *image) linear(scale, offset []float64) (*image, error) {
	a := im.lib.ArrayRealNew(&scale[0], int32(len(scale)))   //nolint:gosec // a few bands
	b := im.lib.ArrayRealNew(&offset[0], int32(len(offset))) //nolint:gosec // a few bands
	defer im.lib.AreaUnref(a)
	defer im.lib.AreaUnref(b)
	return im.lib.do("linear").set("in", im).set("a", a).set("b", b).image()
}
