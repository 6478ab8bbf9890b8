package imagefile

import (
	"bytes"
	"encoding/binary"
)

const (
	tagOrientation = 0x0112
	tagProfile     = 0x8773
	typeShort      = 3
	typeUndefined  = 7
)

// Orientation returns the orientation (1 to 8) in the first directory of a
// TIFF structure, which is what EXIF is; 1 where there is none.
func Orientation(tiff []byte) int {
	order, entry := tiffEntry(tiff, tagOrientation)
	if entry == nil || order.Uint16(entry[2:]) != typeShort {
		return 1
	}
	if v := order.Uint16(entry[8:]); v >= 1 && v <= 8 {
		return int(v)
	}
	return 1
}

// tiffProfile returns the ICC profile that the first directory of a TIFF names,
// nil for none.
func tiffProfile(tiff []byte) []byte {
	order, entry := tiffEntry(tiff, tagProfile)
	if entry == nil || order.Uint16(entry[2:]) != typeUndefined {
		return nil
	}
	size, at := uint64(order.Uint32(entry[4:])), uint64(order.Uint32(entry[8:]))
	if size > maxProfile || at+size > uint64(len(tiff)) {
		return nil
	}
	return tiff[at : at+size]
}

// tiffEntry returns the 12 bytes of a field in the first directory of a TIFF
// structure, nil where there is none.
func tiffEntry(tiff []byte, tag uint16) (order binary.ByteOrder, entry []byte) {
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

// exifOrientation is Orientation of a payload that may begin with the name
// that JPEG puts before it.
func exifOrientation(payload []byte) int {
	return Orientation(bytes.TrimPrefix(payload, []byte(exifName)))
}
