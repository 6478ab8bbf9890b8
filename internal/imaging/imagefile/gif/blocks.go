package gif

import (
	"encoding/binary"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// Introducers of the blocks of a GIF.
const (
	blockExtension = 0x21
	blockImage     = 0x2C
	blockTrailer   = 0x3B

	labelText        = 0x01
	labelControl     = 0xF9
	labelComment     = 0xFE
	labelApplication = 0xFF
)

// blockLength is the length of the block that src begins with.
func blockLength(src []byte) (int, error) {
	switch {
	case src[0] == blockTrailer:
		return 1, nil
	case src[0] == blockExtension && len(src) >= 3:
		return dataEnd(src, 2)
	case src[0] == blockImage && len(src) >= 11:
		return dataEnd(src, 10+tableLength(src[9])+1)
	default:
		return 0, structure.ErrBroken
	}
}

// dataEnd is where the chain of sub-blocks that begins at the offset ends.
func dataEnd(src []byte, at int) (int, error) {
	for at < len(src) {
		n := int(src[at])
		at += 1 + n
		if n == 0 {
			return at, nil
		}
	}
	return 0, structure.ErrBroken
}

// tableLength is the length of the colour table that the flags announce.
func tableLength(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// Frames counts the pictures, up to where the structure breaks. An error says
// that the trailer was not reached.
func Frames(src []byte) (frames int, err error) {
	const head = 13
	if len(src) < head {
		return 0, structure.ErrBroken
	}
	for at := head + tableLength(src[10]); at < len(src); {
		n, err := blockLength(src[at:])
		if err != nil {
			return frames, err
		}
		switch src[at] {
		case blockTrailer:
			return frames, nil
		case blockImage:
			frames++
		}
		at += n
	}
	return frames, structure.ErrBroken
}

// Inspect reads the number of frames and the size of the screen.
func Inspect(src []byte, info *structure.Info) {
	info.Lossless = true
	n, _ := Frames(src)
	info.Frames = max(1, n)
	if len(src) >= 10 {
		info.Width, info.Height = int64(binary.LittleEndian.Uint16(src[6:])), int64(binary.LittleEndian.Uint16(src[8:]))
	}
}
