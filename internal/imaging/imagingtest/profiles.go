package imagingtest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"math"
)

// compressed deflates the bytes.
func compressed(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, err := z.Write(b)
	must(err)
	must(z.Close())
	return out.Bytes()
}

// iccTag is a tag of an ICC profile.
type iccTag struct {
	name string
	data []byte
}

// iccProfile writes a profile of version 2 for a screen.
func iccProfile(space, pcs string, tags ...iccTag) []byte {
	be := binary.BigEndian
	out := append([]byte(nil), make([]byte, 128)...)
	be.PutUint32(out[8:], 0x02400000)
	copy(out[12:], "mntr"+space+pcs)
	copy(out[36:], "acsp")
	copy(out[68:], s15(0.9642, 1, 0.8249))
	out = be.AppendUint32(out, uint32(len(tags)))
	at := uint32(len(out) + 12*len(tags))
	var data []byte
	for _, t := range tags {
		out = append(out, t.name...)
		out = be.AppendUint32(out, at+uint32(len(data)))
		out = be.AppendUint32(out, uint32(len(t.data)))
		data = append(data, t.data...)
		data = append(data, make([]byte, -len(data)&3)...)
	}
	out = append(out, data...)
	be.PutUint32(out, uint32(len(out)))
	return out
}

// s15 are numbers with 16 bits of fraction.
func s15(values ...float64) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

func xyzTag(x, y, z float64) []byte { return append([]byte("XYZ \x00\x00\x00\x00"), s15(x, y, z)...) }

// gammaTag is a curve that is a power, to a 256th.
func gammaTag(gamma float64) []byte {
	b := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01")
	return binary.BigEndian.AppendUint16(b, uint16(gamma*256))
}

// matrixProfile has the primaries of sRGB, red and blue exchanged if asked to,
// and a gamma of 2.2.
func matrixProfile(exchanged bool) []byte {
	red, blue := xyzTag(0.4360747, 0.2225045, 0.0139322), xyzTag(0.1430804, 0.0606169, 0.7141733)
	if exchanged {
		red, blue = blue, red
	}
	curve := gammaTag(2.2)
	return iccProfile("RGB ", "XYZ ",
		iccTag{"wtpt", xyzTag(0.9642, 1, 0.8249)},
		iccTag{"rXYZ", red}, iccTag{"gXYZ", xyzTag(0.3850649, 0.7168786, 0.0971045)}, iccTag{"bXYZ", blue},
		iccTag{"rTRC", curve}, iccTag{"gTRC", curve}, iccTag{"bTRC", curve},
	)
}

// greyProfile is for samples without colour.
func greyProfile(gamma float64) []byte {
	return iccProfile("GRAY", "XYZ ", iccTag{"wtpt", xyzTag(0.9642, 1, 0.8249)}, iccTag{"kTRC", gammaTag(gamma)})
}

// tableProfile says by a table, and for one intent only, that red is blue and
// blue red. The name of its tag says which intent.
func tableProfile(name string) []byte {
	be := binary.BigEndian
	table := []byte("mft2\x00\x00\x00\x00\x03\x03\x02\x00")
	table = append(table, s15(1, 0, 0, 0, 1, 0, 0, 0, 1)...)
	table = be.AppendUint32(table, 2<<16|2) // samples of the curves before and behind
	line := []uint16{0, 0xFFFF}
	curves := func() {
		for range 3 {
			for _, v := range line {
				table = be.AppendUint16(table, v)
			}
		}
	}
	curves()
	// CIELAB of the corners of sRGB relative to D50, from black over blue (which
	// is red here) to white.
	for _, lab := range [][3]float64{
		{0, 0, 0},
		{54.29, 80.81, 69.89},
		{87.82, -79.27, 80.99},
		{97.61, -15.75, 93.39},
		{29.57, 68.29, -112.03},
		{60.17, 93.55, -60.50},
		{90.66, -50.67, -14.96},
		{100, 0, 0},
	} {
		table = be.AppendUint16(table, uint16(math.Round(lab[0]*652.8)))
		table = be.AppendUint16(table, uint16(math.Round((lab[1]+128)*256)))
		table = be.AppendUint16(table, uint16(math.Round((lab[2]+128)*256)))
	}
	curves()
	return iccProfile("RGB ", "Lab ", iccTag{"wtpt", xyzTag(0.9642, 1, 0.8249)}, iccTag{name, table})
}
