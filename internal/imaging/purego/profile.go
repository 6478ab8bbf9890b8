package purego

import (
	"encoding/binary"
	"math"

	"vitrine.dev/internal/imaging/imagefile/icc"
)

// matrixProfile is an ICC profile that describes colours by a curve for each
// channel and the place of the three primaries.
type matrixProfile struct {
	curves  [3][256]float64 // from the stored value to light, 0 to 1
	columns [3][3]float64   // XYZ of each primary, relative to D50
	grey    bool            // it is of samples without colour: the curves are the same
}

const (
	maxProfileTags = 100
	maxCurve       = 4096
)

// parseProfile reads an RGB profile of matrix and curves, or a grey one.
func parseProfile(icc []byte) (p matrixProfile, ok bool) {
	if len(icc) < 132 || string(icc[20:24]) != "XYZ " && string(icc[16:20]) != "GRAY" {
		return p, false
	}
	switch string(icc[16:20]) {
	case "GRAY":
		p.grey = true
		for i := range p.curves {
			if data, found := tag(icc, "kTRC"); !found || !parseCurve(data, &p.curves[i]) {
				return p, false
			}
		}
		return p, true
	case "RGB ":
		return p, p.parseColours(icc)
	default:
		return p, false
	}
}

func (p *matrixProfile) parseColours(icc []byte) bool {
	for i, channel := range []string{"r", "g", "b"} {
		xyz, found := tag(icc, channel+"XYZ")
		if !found || len(xyz) < 20 {
			return false
		}
		for k := range 3 {
			p.columns[i][k] = fixed(xyz[8+4*k:])
		}
		data, found := tag(icc, channel+"TRC")
		if !found || !parseCurve(data, &p.curves[i]) {
			return false
		}
	}
	return true
}

// tabular reports whether the profile is one for RGB that says by tables which
// colours are meant.
func tabular(profile []byte) bool {
	if len(profile) < 132 || string(profile[16:20]) != "RGB " {
		return false
	}
	return icc.HasTag(profile, "A2B0") || icc.HasTag(profile, "A2B1") || icc.HasTag(profile, "A2B2")
}

// tag returns the data of a tag.
func tag(icc []byte, name string) ([]byte, bool) {
	count := min(binary.BigEndian.Uint32(icc[128:]), maxProfileTags)
	for entries := icc[132:]; count > 0 && len(entries) >= 12; count, entries = count-1, entries[12:] {
		if string(entries[:4]) != name {
			continue
		}
		at, size := uint64(binary.BigEndian.Uint32(entries[4:])), uint64(binary.BigEndian.Uint32(entries[8:]))
		if at+size > uint64(len(icc)) {
			return nil, false
		}
		return icc[at : at+size], true
	}
	return nil, false
}

// fixed reads a signed number with 16 bits of fraction.
func fixed(b []byte) float64 {
	return float64(int32(binary.BigEndian.Uint32(b))) / 65536 //nolint:gosec // two's complement is meant
}

// parseCurve samples a curve at the 256 values of a channel.
func parseCurve(data []byte, curve *[256]float64) bool {
	if len(data) < 12 {
		return false
	}
	switch string(data[:4]) {
	case "curv":
		return parseTable(data[8:], curve)
	case "para":
		return parseParametric(binary.BigEndian.Uint16(data[8:]), data[12:], curve)
	default:
		return false
	}
}

// parseTable reads a curve of samples; none are a straight line, one is a
// gamma.
func parseTable(data []byte, curve *[256]float64) bool {
	n := int(min(binary.BigEndian.Uint32(data), maxCurve+1))
	samples := data[4:]
	if n > maxCurve || len(samples) < 2*n {
		return false
	}
	for i := range curve {
		x := float64(i) / 255
		switch n {
		case 0:
			curve[i] = x
		case 1:
			curve[i] = math.Pow(x, float64(binary.BigEndian.Uint16(samples))/256)
		default:
			at := x * float64(n-1)
			low := min(int(at), n-2)
			a, b := binary.BigEndian.Uint16(samples[2*low:]), binary.BigEndian.Uint16(samples[2*low+2:])
			curve[i] = (float64(a) + (float64(b)-float64(a))*(at-float64(low))) / 65535
		}
	}
	return true
}

// parseParametric reads a curve of the types 0 to 4: a power with, by type, an
// offset, a straight piece at the dark end, and what is added to each.
func parseParametric(kind uint16, data []byte, curve *[256]float64) bool {
	counts := []int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(data) < 4*counts[kind] {
		return false
	}
	var v [7]float64 // g a b c d e f
	for i := range counts[kind] {
		v[i] = fixed(data[4*i:])
	}
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		a, d = 1, 0
	case 1, 2: // below -b/a it is c alone
		if a == 0 {
			return false
		}
		e, f, d, c = c, c, -b/a, 0
	}
	for i := range curve {
		x := float64(i) / 255
		y := c*x + f
		if x >= d {
			y = math.Pow(max(a*x+b, 0), g) + e
		}
		if math.IsNaN(y) || math.IsInf(y, 0) {
			return false
		}
		curve[i] = min(max(y, 0), 1)
	}
	return true
}
