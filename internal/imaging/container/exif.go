package container

import (
	"bytes"
	"encoding/binary"
)

const (
	tagOrientation = 0x0112
	typeShort      = 3
)

// Orientation returns the orientation (1 to 8) in the first directory of a
// TIFF structure, which is what EXIF is; 1 where there is none.
func Orientation(tiff []byte) int {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 1
	}
	if len(tiff) < 8 {
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	count := int(order.Uint16(tiff[at:]))
	entries := tiff[at+2:]
	for ; count > 0 && len(entries) >= 12; count, entries = count-1, entries[12:] {
		if order.Uint16(entries) != tagOrientation {
			continue
		}
		if v := order.Uint16(entries[8:]); order.Uint16(entries[2:]) == typeShort && v >= 1 && v <= 8 {
			return int(v)
		}
		return 1
	}
	return 1
}

// exifOrientation is Orientation of a payload that may begin with the name
// that JPEG puts before it.
func exifOrientation(payload []byte) int {
	return Orientation(bytes.TrimPrefix(payload, []byte(exifName)))
}
