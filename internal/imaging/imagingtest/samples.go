package imagingtest

import (
	"encoding/binary"
	"slices"
)

// sampled is a picture as it is stored, sample by sample.
type sampled struct {
	w, h        int
	bits        int // of each sample, 8 or 16
	photometric uint32
	extra       uint32 // of TIFF: what the last sample is; 0 for a colour
	profile     []byte
	at          func(x, y int) []uint16 // the samples of a pixel, of 16 bits
}

// Values of PhotometricInterpretation and ExtraSamples in TIFF.
const (
	tiffGrey, tiffRGB, tiffInk    = 1, 2, 5
	tiffAssociated, tiffSeparated = 1, 2
)

// samples are the stored rows; each begins with the prefix.
func (s sampled) samples(order binary.AppendByteOrder, prefix []byte) (out []byte) {
	for y := range s.h {
		out = append(out, prefix...)
		for x := range s.w {
			for _, v := range s.at(x, y) {
				if s.bits == 16 {
					out = order.AppendUint16(out, v)
				} else {
					out = append(out, byte(v>>8))
				}
			}
		}
	}
	return out
}

// tiff writes the picture without compression.
func (s sampled) tiff() []byte {
	le := binary.LittleEndian
	out := tiffHead(0)
	put := func(b []byte) (offset uint32) {
		offset = uint32(len(out))
		out = append(out, b...)
		return offset
	}
	n := len(s.at(0, 0))
	var depths []byte
	for range n {
		depths = le.AppendUint16(depths, uint16(s.bits))
	}
	pixels := s.samples(le, nil)
	entries := []ifdEntry{
		{256, tiffLong, 1, uint32(s.w)},
		{257, tiffLong, 1, uint32(s.h)},
		{258, tiffShort, uint32(n), uint32(s.bits)},
		{259, tiffShort, 1, 1},
		{262, tiffShort, 1, s.photometric},
		{273, tiffLong, 1, put(pixels)},
		{277, tiffShort, 1, uint32(n)},
		{278, tiffLong, 1, uint32(s.h)},
		{279, tiffLong, 1, uint32(len(pixels))},
	}
	switch n {
	case 1:
	case 2:
		entries[2].value |= uint32(s.bits) << 16
	default:
		entries[2].value = put(depths)
	}
	if s.extra != 0 {
		entries = append(entries, ifdEntry{338, tiffShort, 1, s.extra})
	}
	if s.profile != nil {
		const undefined = 7
		entries = append(entries, ifdEntry{34675, undefined, uint32(len(s.profile)), put(s.profile)})
	}
	le.PutUint32(out[4:], uint32(len(out)))
	return append(out, ifd(0, entries...)...)
}

// png writes the picture with chunks of its own behind the header. Two and four
// samples are grey and RGB with alpha.
func (s sampled) png(chunks ...[]byte) []byte {
	kind := map[int]byte{1: 0, 2: 4, 3: 2, 4: 6}[len(s.at(0, 0))]
	head := binary.BigEndian.AppendUint32(nil, uint32(s.w))
	head = append(binary.BigEndian.AppendUint32(head, uint32(s.h)), byte(s.bits), kind, 0, 0, 0)
	if s.profile != nil {
		chunks = append(chunks, pngChunk("iCCP", append([]byte("profile\x00\x00"), compressed(s.profile)...)))
	}
	return slices.Concat(
		[]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", head), slices.Concat(chunks...),
		pngChunk("IDAT", compressed(s.samples(binary.BigEndian, []byte{0}))), pngChunk("IEND", nil),
	)
}
