package purego

import (
	"image/color"
	"math"

	"vitrine.dev/internal/imaging/engine"
)

// toSRGB converts the picture from its profile. One that does not fit the
// picture or is damaged leaves the colours as they are. UnsupportedType where
// the profile is one of tables, without which the colours would be wrong.
func toSRGB(p *picture, icc []byte) (*picture, error) {
	profile, ok := parseProfile(icc)
	if !ok {
		if tabular(icc) {
			return nil, engine.Unsupported("Pictures with a colour profile of this kind cannot be read by this server.", nil)
		}
		return p, nil
	}
	if oneBand := len(p.planes) == 1 && p.planes[0].channels == 1; profile.grey && !p.grey() || !profile.grey && oneBand {
		return p, nil
	}
	if len(p.planes) == 3 {
		p = p.toRGB()
	}
	c := newConverter(profile)
	if first := p.planes[0]; first.channels == 1 {
		c.convertGrey(first)
	} else {
		c.convert(first)
	}
	return p, nil
}

// grey reports whether the picture has no colours.
func (p *picture) grey() bool {
	first := p.planes[0]
	if len(p.planes) == 3 || first.channels == 1 {
		return len(p.planes) == 1
	}
	for i := 0; i+3 < len(first.pix); i += 4 {
		if px := first.pix[i : i+3]; px[0] != px[1] || px[1] != px[2] {
			return false
		}
	}
	return true
}

// toRGB converts luma and chroma to RGBA.
func (p *picture) toRGB() *picture {
	out := newPlane(p.width, p.height, 4)
	luma, cb, cr := p.planes[0], p.planes[1], p.planes[2]
	for y := range p.height {
		dst := out.pix[y*out.stride:]
		for x := range p.width {
			chroma := y/2*cb.stride + x/2
			r, g, b := color.YCbCrToRGB(luma.pix[y*luma.stride+x], cb.pix[chroma], cr.pix[chroma])
			dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = r, g, b, 255
		}
	}
	return &picture{width: p.width, height: p.height, planes: []plane{out}}
}

// encodeSteps is how finely light is divided on its way back to 8 bits.
const encodeSteps = 4096

// converter takes colours of a profile to sRGB.
type converter struct {
	curves [3][256]float64
	matrix [3][3]float64 // from light in the profile's primaries to light in sRGB's
	encode [encodeSteps + 1]byte
}

func newConverter(p matrixProfile) *converter {
	// XYZ relative to D50 to linear sRGB.
	toLinear := [3][3]float64{
		{3.1338561, -1.6168667, -0.4906146},
		{-0.9787684, 1.9161415, 0.0334540},
		{0.0719453, -0.2289914, 1.4052427},
	}
	c := &converter{curves: p.curves}
	for row := range 3 {
		if p.grey { // light of any colour becomes white light
			c.matrix[row][row] = 1
		}
		for primary := range 3 {
			for k := range 3 {
				c.matrix[row][primary] += toLinear[row][k] * p.columns[primary][k]
			}
		}
	}
	for i := range c.encode {
		c.encode[i] = byte(math.Round(255 * encodeSRGB(float64(i)/encodeSteps)))
	}
	return c
}

func encodeSRGB(light float64) float64 {
	if light <= 0.0031308 {
		return 12.92 * light
	}
	return 1.055*math.Pow(light, 1/2.4) - 0.055
}

// convert changes premultiplied RGBA in place.
func (c *converter) convert(p plane) {
	for i := 0; i+3 < len(p.pix); i += 4 {
		px := p.pix[i : i+4]
		a := int(px[3])
		if a == 0 {
			continue
		}
		var light [3]float64
		for k := range light {
			light[k] = c.curves[k][min((int(px[k])*255+a/2)/a, 255)]
		}
		for k, row := range c.matrix {
			straight := int(c.encoded(row[0]*light[0] + row[1]*light[1] + row[2]*light[2]))
			px[k] = byte((straight*a + 127) / 255) //nolint:gosec // both are at most 255
		}
	}
}

// convertGrey changes single samples in place.
func (c *converter) convertGrey(p plane) {
	var table [256]byte
	for i, light := range c.curves[0] {
		table[i] = c.encoded(light)
	}
	for i, v := range p.pix {
		p.pix[i] = table[v]
	}
}

// encoded is light as an sRGB sample.
func (c *converter) encoded(light float64) byte {
	return c.encode[int(min(max(light, 0), 1)*encodeSteps+0.5)]
}
