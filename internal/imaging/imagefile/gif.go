package imagefile

import (
	"bytes"
	"encoding/binary"
)

// Introducers of the blocks of a GIF.
const (
	gifExtension = 0x21
	gifImage     = 0x2C
	gifTrailer   = 0x3B

	gifText        = 0x01
	gifControl     = 0xF9
	gifComment     = 0xFE
	gifApplication = 0xFF
)

// stripGIF drops comments, plain text and every application extension but the
// one that says how often to loop.
func stripGIF(src []byte) ([]byte, error) {
	const head = 13
	if len(src) < head {
		return nil, errStructure
	}
	at := head + gifTable(src[10])
	if at > len(src) {
		return nil, errStructure
	}
	out := append(make([]byte, 0, len(src)), src[:at]...)
	for rest := src[at:]; len(rest) > 0; {
		n, err := gifBlock(rest)
		if err != nil {
			return nil, err
		}
		if rest[0] == gifImage && !withinGIF(src, rest) {
			return nil, errStructure // browsers show it, other decoders do not
		}
		if keepGIFBlock(rest[:n]) {
			out = append(out, rest[:n]...)
		}
		if rest[0] == gifTrailer {
			return out, nil
		}
		rest = rest[n:]
	}
	return nil, errStructure
}

// withinGIF reports whether a frame lies on the screen.
func withinGIF(screen, frame []byte) bool {
	le := binary.LittleEndian
	return int(le.Uint16(frame[1:]))+int(le.Uint16(frame[5:])) <= int(le.Uint16(screen[6:])) &&
		int(le.Uint16(frame[3:]))+int(le.Uint16(frame[7:])) <= int(le.Uint16(screen[8:]))
}

func keepGIFBlock(block []byte) bool {
	if block[0] != gifExtension {
		return true
	}
	switch block[1] {
	case gifControl:
		return true
	case gifApplication:
		return bytes.HasPrefix(block[2:], []byte("\x0bNETSCAPE2.0\x03\x01")) && len(block) == 19
	default:
		return false
	}
}

// gifBlock is the length of the block that src begins with.
func gifBlock(src []byte) (int, error) {
	switch {
	case src[0] == gifTrailer:
		return 1, nil
	case src[0] == gifExtension && len(src) >= 3:
		return gifData(src, 2)
	case src[0] == gifImage && len(src) >= 11:
		return gifData(src, 10+gifTable(src[9])+1)
	default:
		return 0, errStructure
	}
}

// gifData is where the chain of sub-blocks that begins at the offset ends.
func gifData(src []byte, at int) (int, error) {
	for at < len(src) {
		n := int(src[at])
		at += 1 + n
		if n == 0 {
			return at, nil
		}
	}
	return 0, errStructure
}

// gifTable is the length of the colour table that the flags announce.
func gifTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// GIFFrames counts the pictures in a GIF, up to where its structure breaks.
func GIFFrames(src []byte) int {
	frames, _ := walkGIF(src)
	return frames
}

// walkGIF counts the pictures. An error says that the trailer was not reached.
func walkGIF(src []byte) (frames int, err error) {
	const head = 13
	if len(src) < head {
		return 0, errStructure
	}
	for at := head + gifTable(src[10]); at < len(src); {
		n, err := gifBlock(src[at:])
		if err != nil {
			return frames, err
		}
		switch src[at] {
		case gifTrailer:
			return frames, nil
		case gifImage:
			frames++
		}
		at += n
	}
	return frames, errStructure
}
