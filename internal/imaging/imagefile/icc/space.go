package icc

import (
	"math"
)

// Space describes how samples stand for light, as far as a profile of a
// matrix and curves can say it.
type Space struct {
	Primaries Chromaticities
	Transfer  func(float64) float64 // from the stored sample to light, both 0 to 1
	SRGB      bool                  // it is sRGB, of which no profile need be made
}

// Chromaticities are x and y of white, red, green and blue, in the order of
// PNG's cHRM.
type Chromaticities [4][2]float64

// SRGBPrimaries are those of ITU-R BT.709.
func SRGBPrimaries() Chromaticities {
	return Chromaticities{d65(), {0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}}
}

func d65() [2]float64 { return [2]float64{0.3127, 0.3290} }

// CodedSRGB is the curve of sRGB among the TransferCharacteristics.
const CodedSRGB = 13

// CodedPrimaries returns the ColourPrimaries of ITU-T H.273, table 2.
func CodedPrimaries(code byte) (c Chromaticities, ok bool) {
	switch code {
	case 1:
		return SRGBPrimaries(), true
	case 4:
		return Chromaticities{{0.310, 0.316}, {0.67, 0.33}, {0.21, 0.71}, {0.14, 0.08}}, true
	case 5:
		return Chromaticities{d65(), {0.64, 0.33}, {0.29, 0.60}, {0.15, 0.06}}, true
	case 6, 7:
		return Chromaticities{d65(), {0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}}, true
	case 9:
		return Chromaticities{d65(), {0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}}, true
	case 11:
		return Chromaticities{{0.314, 0.351}, {0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}, true
	case 12:
		return Chromaticities{d65(), {0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}, true
	default:
		return c, false
	}
}

// CodedTransfer returns the TransferCharacteristics of ITU-T H.273, table 3,
// but for those of a high dynamic range (PQ, HLG).
func CodedTransfer(code byte) (transfer func(float64) float64, ok bool) {
	switch code {
	case 1, 6, 14, 15:
		return bt709Transfer, true
	case 4:
		return Gamma(2.2), true
	case 5:
		return Gamma(2.8), true
	case 8:
		return Gamma(1), true
	case CodedSRGB:
		return SRGBTransfer, true
	default:
		return nil, false
	}
}

// Gamma is the power of the exponent.
func Gamma(exponent float64) func(float64) float64 {
	return func(v float64) float64 { return math.Pow(v, exponent) }
}

// SRGBTransfer is the curve of IEC 61966-2-1.
func SRGBTransfer(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// bt709Transfer is the inverse of the curve of ITU-R BT.709.
func bt709Transfer(v float64) float64 {
	if v < 4.5*0.018053968510807 {
		return v / 4.5
	}
	return math.Pow((v+0.09929682680944)/1.09929682680944, 1/0.45)
}

// d50 is the white of ICC profiles as XYZ.
func d50() [3]float64 { return [3]float64{0.9642, 1, 0.8249} }

// toD50 returns the matrix from light of the Primaries to XYZ relative to D50:
// that of the Primaries and their white, adapted by Bradford's method as ICC
// profiles are (ICC.1:2022, annex E). It reports false for what is no colour
// space.
func (c Chromaticities) toD50() (out matrix3, ok bool) {
	var white [3]float64
	var columns matrix3
	for i, xy := range c {
		x, y := xy[0], xy[1]
		if y <= 0 || x < 0 || x+y > 1 {
			return out, false
		}
		xyz := [3]float64{x / y, 1, (1 - x - y) / y}
		if i == 0 {
			white = xyz
			continue
		}
		for k := range 3 {
			columns[k][i-1] = xyz[k]
		}
	}
	inverse, ok := columns.inverse()
	if !ok {
		return out, false
	}
	for primary, share := range inverse.apply(white) {
		for k := range 3 {
			columns[k][primary] *= share
		}
	}
	bradford := matrix3{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}
	back, _ := bradford.inverse()
	from, to := bradford.apply(white), bradford.apply(d50())
	var scale matrix3
	for k := range 3 {
		if from[k] <= 0 {
			return out, false
		}
		scale[k][k] = to[k] / from[k]
	}
	return back.times(scale).times(bradford).times(columns), true
}
