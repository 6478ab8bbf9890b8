package imagingtest

import (
	"encoding/binary"
)

// Secret is a text in every EXIF block that this package writes. No byte of it
// may be published.
const Secret = "vitrine-secret-place"

// WithEXIF returns the JPEG with an EXIF block that gives the orientation (1 to
// 8) and, if gps, a position on Earth. The pixels are left as they are; to make
// a picture that is upright once the orientation is obeyed, draw it with
// Oriented.
func WithEXIF(jpeg []byte, orientation int, gps bool) []byte {
	block := append([]byte("Exif\x00\x00"), EXIF(orientation, gps)...)
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xE1}, binary.BigEndian.AppendUint16(nil, uint16(len(block)+2))...)
	out = append(out, block...)
	return append(out, jpeg[2:]...)
}

// EXIF returns a big-endian TIFF block with the orientation, a description
// (Secret) and, if gps, a position.
func EXIF(orientation int, gps bool) []byte {
	entries := uint16(2)
	if gps {
		entries = 3
	}
	be := binary.BigEndian
	b := []byte("MM\x00\x2a\x00\x00\x00\x08")
	b = be.AppendUint16(b, entries)
	data := uint32(8 + 2 + 12*int(entries) + 4) // where values that do not fit an entry begin
	text := Secret + "\x00"
	entry := func(tag, kind uint16, count, value uint32) {
		b = be.AppendUint16(b, tag)
		b = be.AppendUint16(b, kind)
		b = be.AppendUint32(b, count)
		b = be.AppendUint32(b, value)
	}
	entry(0x010E, 2, uint32(len(text)), data)    // ImageDescription
	entry(0x0112, 3, 1, uint32(orientation)<<16) // Orientation
	gpsAt := data + uint32(len(text)) + uint32(len(text))%2
	if gps {
		entry(0x8825, 4, 1, gpsAt) // GPS IFD
	}
	b = be.AppendUint32(b, 0)
	b = append(b, text...)
	if len(text)%2 == 1 {
		b = append(b, 0)
	}
	if gps {
		b = appendGPS(b, gpsAt)
	}
	return b
}

// appendGPS appends a GPS directory that begins at offset at.
func appendGPS(b []byte, at uint32) []byte {
	be := binary.BigEndian
	values := at + 2 + 4*12 + 4
	b = be.AppendUint16(b, 4)
	entry := func(tag, kind uint16, count, value uint32) {
		b = be.AppendUint16(b, tag)
		b = be.AppendUint16(b, kind)
		b = be.AppendUint32(b, count)
		b = be.AppendUint32(b, value)
	}
	entry(1, 2, 2, uint32('N')<<24)
	entry(2, 5, 3, values)
	entry(3, 2, 2, uint32('E')<<24)
	entry(4, 5, 3, values+24)
	b = be.AppendUint32(b, 0)
	for _, v := range [6]uint32{52, 31, 12, 13, 24, 18} { // degrees, minutes, seconds, twice
		b = be.AppendUint32(b, v)
		b = be.AppendUint32(b, 1)
	}
	return b
}
