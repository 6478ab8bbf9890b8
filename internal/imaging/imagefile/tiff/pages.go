package tiff

import "encoding/binary"

// pagesSought bounds how many directories of a TIFF are looked at.
const pagesSought = 64

// Tags and values of TIFF 6.0.
const (
	tagSubfileType = 254
	subfileReduced = 1 // a smaller copy of another page
	subfileMask    = 4 // says which parts of another page are transparent
)

// pages counts the pages of a TIFF, smaller copies and masks not among
// them. It stops at the second: that there are more is all that matters.
func pages(src []byte) int {
	if len(src) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if src[0] == 'M' {
		order = binary.BigEndian
	}
	pages, at := 0, int64(order.Uint32(src[4:]))
	for range pagesSought {
		if at < 8 || at+2 > int64(len(src)) {
			break
		}
		n := int64(order.Uint16(src[at:]))
		end := at + 2 + 12*n
		if end+4 > int64(len(src)) {
			break
		}
		if subfileType(order, src[at+2:end])&(subfileReduced|subfileMask) == 0 {
			pages++
		}
		if next := int64(order.Uint32(src[end:])); pages < 2 && next != at {
			at = next
			continue
		}
		break
	}
	return max(1, pages)
}

func subfileType(order binary.ByteOrder, entries []byte) uint32 {
	for ; len(entries) >= 12; entries = entries[12:] {
		if order.Uint16(entries) == tagSubfileType {
			return order.Uint32(entries[8:])
		}
	}
	return 0
}
