package imagefile

import (
	"encoding/binary"
	"math"
)

// colourSpace describes how samples stand for light, as far as a profile of a
// matrix and curves can say it.
type colourSpace struct {
	primaries chromaticities
	transfer  func(float64) float64 // from the stored sample to light, both 0 to 1
	sRGB      bool                  // it is sRGB, of which no profile need be made
}

// chromaticities are x and y of white, red, green and blue, in the order of
// PNG's cHRM.
type chromaticities [4][2]float64

// sRGBPrimaries are those of ITU-R BT.709.
func sRGBPrimaries() chromaticities {
	return chromaticities{d65(), {0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}}
}

func d65() [2]float64 { return [2]float64{0.3127, 0.3290} }

// codedSRGB is the curve of sRGB among the TransferCharacteristics.
const codedSRGB = 13

// codedPrimaries returns the ColourPrimaries of ITU-T H.273, table 2.
func codedPrimaries(code byte) (c chromaticities, ok bool) {
	switch code {
	case 1:
		return sRGBPrimaries(), true
	case 4:
		return chromaticities{{0.310, 0.316}, {0.67, 0.33}, {0.21, 0.71}, {0.14, 0.08}}, true
	case 5:
		return chromaticities{d65(), {0.64, 0.33}, {0.29, 0.60}, {0.15, 0.06}}, true
	case 6, 7:
		return chromaticities{d65(), {0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}}, true
	case 9:
		return chromaticities{d65(), {0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}}, true
	case 11:
		return chromaticities{{0.314, 0.351}, {0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}, true
	case 12:
		return chromaticities{d65(), {0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}, true
	default:
		return c, false
	}
}

// codedTransfer returns the TransferCharacteristics of ITU-T H.273, table 3,
// but for those of a high dynamic range (PQ, HLG).
func codedTransfer(code byte) (transfer func(float64) float64, ok bool) {
	switch code {
	case 1, 6, 14, 15:
		return bt709Light, true
	case 4:
		return gammaLight(2.2), true
	case 5:
		return gammaLight(2.8), true
	case 8:
		return gammaLight(1), true
	case codedSRGB:
		return sRGBLight, true
	default:
		return nil, false
	}
}

func gammaLight(exponent float64) func(float64) float64 {
	return func(v float64) float64 { return math.Pow(v, exponent) }
}

// sRGBLight is the curve of IEC 61966-2-1.
func sRGBLight(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// bt709Light is the inverse of the curve of ITU-R BT.709.
func bt709Light(v float64) float64 {
	if v < 4.5*0.018053968510807 {
		return v / 4.5
	}
	return math.Pow((v+0.09929682680944)/1.09929682680944, 1/0.45)
}

// matrix3 is three rows of three.
type matrix3 [3][3]float64

func (m matrix3) times(n matrix3) (out matrix3) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				out[i][j] += m[i][k] * n[k][j]
			}
		}
	}
	return out
}

func (m matrix3) apply(v [3]float64) (out [3]float64) {
	for i := range 3 {
		for k := range 3 {
			out[i] += m[i][k] * v[k]
		}
	}
	return out
}

// inverse reports false where there is none to speak of.
func (m matrix3) inverse() (out matrix3, ok bool) {
	cofactor := func(i, j int) float64 {
		a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	determinant := m[0][0]*cofactor(0, 0) + m[0][1]*cofactor(0, 1) + m[0][2]*cofactor(0, 2)
	if math.Abs(determinant) < 1e-6 {
		return out, false
	}
	for i := range 3 {
		for j := range 3 {
			out[j][i] = cofactor(i, j) / determinant
		}
	}
	return out, true
}

// d50 is the white of ICC profiles as XYZ.
func d50() [3]float64 { return [3]float64{0.9642, 1, 0.8249} }

// toD50 returns the matrix from light of the primaries to XYZ relative to D50:
// that of the primaries and their white, adapted by Bradford's method as ICC
// profiles are (ICC.1:2022, annex E). It reports false for what is no colour
// space.
func (c chromaticities) toD50() (out matrix3, ok bool) {
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

// profile writes the colour space as an ICC profile (ICC.1:2001-04) of a matrix
// and curves, or of a curve for grey. It returns nil for sRGB and for what is no
// colour space.
func (c colourSpace) profile(grey bool) []byte {
	columns, ok := c.primaries.toD50()
	if !ok || c.sRGB {
		return nil
	}
	const header = 128
	be := binary.BigEndian
	p := append([]byte(nil), make([]byte, header)...)
	be.PutUint32(p[8:], 0x02400000)
	copy(p[12:], "mntrRGB XYZ ")
	if grey {
		copy(p[16:], "GRAY")
	}
	copy(p[36:], "acsp")
	for k, v := range d50() {
		be.PutUint32(p[68+4*k:], fixed16(v))
	}

	curve := curveOf(c.transfer)
	tags := []profileTag{{"wtpt", xyzOf(d50())}, {"kTRC", curve}}
	if !grey {
		tags = []profileTag{{"wtpt", xyzOf(d50())}, {"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve}}
		for i, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
			tags = append(tags, profileTag{name, xyzOf([3]float64{columns[0][i], columns[1][i], columns[2][i]})})
		}
	}
	p = be.AppendUint32(p, uint32(len(tags))) //nolint:gosec // seven at most
	at := len(p) + 12*len(tags)
	var data []byte
	for _, t := range tags {
		p = append(p, t.name...)
		p = be.AppendUint32(p, uint32(at+len(data))) //nolint:gosec // a few kilobytes
		p = be.AppendUint32(p, uint32(len(t.data)))  //nolint:gosec // a few kilobytes
		data = append(data, t.data...)
	}
	p = append(p, data...)
	be.PutUint32(p, uint32(len(p))) //nolint:gosec // a few kilobytes
	return p
}

type profileTag struct {
	name string
	data []byte // a multiple of four bytes
}

func fixed16(v float64) uint32 { return uint32(int32(math.Round(v * 65536))) } //nolint:gosec // two's complement is meant

func xyzOf(v [3]float64) []byte {
	b := []byte("XYZ \x00\x00\x00\x00")
	for _, v := range v {
		b = binary.BigEndian.AppendUint32(b, fixed16(v))
	}
	return b
}

// curveOf samples the curve as finely as 8 bits need at their dark end.
func curveOf(transfer func(float64) float64) []byte {
	const samples = 1024
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), samples)
	for i := range samples {
		v := min(max(transfer(float64(i)/(samples-1)), 0), 1)
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(v*65535)))
	}
	return b
}
