package tiff

import (
	"bytes"
	"encoding/binary"

	"vitrine.dev/internal/imaging/imagefile/icc"
)

const (
	tagOrientation = 0x0112
	tagProfile     = 0x8773
	typeShort      = 3
	typeUndefined  = 7
)

// exifName is what JPEG puts before EXIF.
const exifName = "Exif\x00\x00"

// Orientation returns the orientation (1 to 8) in the first directory of a
// TIFF structure, which is what EXIF is, with the name in front that JPEG gives
// it or without; 1 where there is none.
func Orientation(tiff []byte) int {
	order, field := entry(bytes.TrimPrefix(tiff, []byte(exifName)), tagOrientation)
	if field == nil || order.Uint16(field[2:]) != typeShort {
		return 1
	}
	if v := order.Uint16(field[8:]); v >= 1 && v <= 8 {
		return int(v)
	}
	return 1
}

// profile returns the ICC profile that the first directory of a TIFF names,
// nil for none.
func profile(tiff []byte) []byte {
	order, field := entry(tiff, tagProfile)
	if field == nil || order.Uint16(field[2:]) != typeUndefined {
		return nil
	}
	size, at := uint64(order.Uint32(field[4:])), uint64(order.Uint32(field[8:]))
	if size > icc.MaxLength || at+size > uint64(len(tiff)) {
		return nil
	}
	return tiff[at : at+size]
}

// entry returns the 12 bytes of a field in the first directory of a TIFF
// structure, nil where there is none.
func entry(tiff []byte, tag uint16) (order binary.ByteOrder, field []byte) {
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return nil, nil
	}
	if len(tiff) < 8 {
		return order, nil
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return order, nil
	}
	count := int(order.Uint16(tiff[at:]))
	for entries := tiff[at+2:]; count > 0 && len(entries) >= 12; count, entries = count-1, entries[12:] {
		if order.Uint16(entries) == tag {
			return order, entries[:12]
		}
	}
	return order, nil
}
