package imagingtest

import (
	"encoding/binary"
	"slices"
)

// zeroTIFF is w by h pixels of zeros in RGB with further channels, of which a
// fourth is alpha: in a single strip, or in one for each channel.
func zeroTIFF(w, h, samples, bits int, planes bool) []byte {
	const data = 8
	strips, planar := 1, uint32(1)
	if planes {
		strips, planar = samples, 2
	}
	size := int64(w) * int64(h) * int64(samples/strips) * int64(bits) / 8
	body := append(tiffHead(0), zeros(size)...)
	length := uint32(len(body) - data)
	body = append(body, make([]byte, len(body)%2)...)

	// array keeps values behind the data, or in the field where they fit.
	array := func(tag, kind uint16, values []uint32) ifdEntry {
		var b []byte
		for _, v := range values {
			if kind == tiffShort {
				b = binary.LittleEndian.AppendUint16(b, uint16(v))
			} else {
				b = binary.LittleEndian.AppendUint32(b, v)
			}
		}
		if len(b) <= 4 {
			return ifdEntry{tag, kind, uint32(len(values)), binary.LittleEndian.Uint32(append(b, 0, 0, 0))}
		}
		at := uint32(len(body))
		body = append(body, b...)
		return ifdEntry{tag, kind, uint32(len(values)), at}
	}
	same := func(n int, v uint32) []uint32 { return slices.Repeat([]uint32{v}, n) }
	extra := same(samples-3, 0)
	extra[0] = 2 // alpha, not multiplied
	fields := []ifdEntry{
		{256, tiffLong, 1, uint32(w)},
		{257, tiffLong, 1, uint32(h)},
		array(258, tiffShort, same(samples, uint32(bits))),
		{259, tiffShort, 1, 8}, // Deflate
		{262, tiffShort, 1, 2}, // RGB
		array(273, tiffLong, same(strips, data)),
		{277, tiffShort, 1, uint32(samples)},
		{278, tiffLong, 1, uint32(h)},
		array(279, tiffLong, same(strips, length)),
		{284, tiffShort, 1, planar},
		array(338, tiffShort, extra),
	}
	binary.LittleEndian.PutUint32(body[4:], uint32(len(body)))
	return append(body, ifd(0, fields...)...)
}
