package webp

import "encoding/binary"

// size returns the size that the first chunk says, 0 where it says none: see
// https://developers.google.com/speed/webp/docs/riff_container and RFC 6386, 9.1.
func size(first chunk) (width, height int64) {
	b := first.body
	switch {
	case len(b) < 10:
		return 0, 0
	case first.name == "VP8X":
		return 1 + int64(b[4]) + int64(b[5])<<8 + int64(b[6])<<16, 1 + int64(b[7]) + int64(b[8])<<8 + int64(b[9])<<16
	case first.name == "VP8L":
		bits := binary.LittleEndian.Uint32(b[1:])
		return 1 + int64(bits&0x3fff), 1 + int64(bits>>14&0x3fff)
	case first.name == "VP8 ":
		return int64(binary.LittleEndian.Uint16(b[6:]) & 0x3fff), int64(binary.LittleEndian.Uint16(b[8:]) & 0x3fff)
	default:
		return 0, 0
	}
}
