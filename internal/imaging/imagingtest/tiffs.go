package imagingtest

import "encoding/binary"

// ifdEntry is a field of a TIFF directory with a value that fits in it.
type ifdEntry struct {
	tag, kind    uint16
	count, value uint32
}

// ifd encodes a directory and where the next one is.
func ifd(next uint32, entries ...ifdEntry) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, uint16(len(entries)))
	for _, e := range entries {
		b = le.AppendUint16(b, e.tag)
		b = le.AppendUint16(b, e.kind)
		b = le.AppendUint32(b, e.count)
		b = le.AppendUint32(b, e.value)
	}
	return le.AppendUint32(b, next)
}

const (
	tiffShort = 3
	tiffLong  = 4
)

// greyPage describes an uncompressed page of grey bytes in one strip.
func greyPage(w, h, offset, length uint32) []ifdEntry {
	return []ifdEntry{
		{256, tiffLong, 1, w},
		{257, tiffLong, 1, h},
		{258, tiffShort, 1, 8},
		{259, tiffShort, 1, 1},
		{262, tiffShort, 1, 1},
		{273, tiffLong, 1, offset},
		{277, tiffShort, 1, 1},
		{278, tiffLong, 1, h},
		{279, tiffLong, 1, length},
	}
}

// tiffHead is a little-endian header whose first directory is at the offset.
func tiffHead(first uint32) []byte {
	return binary.LittleEndian.AppendUint32([]byte("II*\x00"), first)
}

// tiffOf is one page whose directory says so.
func tiffOf(w, h, offset, length uint32) []byte {
	return append(append(tiffHead(8), ifd(0, greyPage(w, h, offset, length)...)...), make([]byte, 64)...)
}

// tiffPages has so many pages of 8 × 8 over the same bytes; the last one leads
// back to the first if loop.
func tiffPages(pages int, loop bool) []byte {
	const data, side = 8, 8
	b := append(tiffHead(data+side*side), make([]byte, side*side)...)
	size := uint32(len(ifd(0, greyPage(side, side, data, side*side)...)))
	for i := range pages {
		next := uint32(data+side*side) + uint32(i+1)*size
		if i == pages-1 {
			next = 0
			if loop {
				next = data + side*side
			}
		}
		b = append(b, ifd(next, greyPage(side, side, data, side*side)...)...)
	}
	return b
}

// TIFFPages has so many pages of 8 × 8, each with the NewSubfileType at its
// place where there is one.
func TIFFPages(pages int, subfile []uint32) []byte {
	const data, side = 8, 8
	b := append(tiffHead(data+side*side), make([]byte, side*side)...)
	for i := range pages {
		entries := greyPage(side, side, data, side*side)
		if i < len(subfile) {
			entries = append([]ifdEntry{{254, tiffLong, 1, subfile[i]}}, entries...)
		}
		next := uint32(0)
		if i < pages-1 {
			next = uint32(len(b) + len(ifd(0, entries...)))
		}
		b = append(b, ifd(next, entries...)...)
	}
	return b
}
