package icc

import (
	"encoding/binary"
	"math"
)

// Profile writes the colour space as an ICC profile (ICC.1:2001-04) of a matrix
// and curves, or of a curve for grey. It returns nil for sRGB and for what is no
// colour space.
func (c Space) Profile(grey bool) []byte {
	columns, ok := c.Primaries.toD50()
	if !ok || c.SRGB {
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

	curve := curveOf(c.Transfer)
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
