package gif

import (
	"bytes"
	"encoding/binary"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// Strip drops comments, plain text and every application extension but the
// one that says how often to loop.
func Strip(src []byte) ([]byte, error) {
	const head = 13
	if len(src) < head {
		return nil, structure.ErrBroken
	}
	at := head + tableLength(src[10])
	if at > len(src) {
		return nil, structure.ErrBroken
	}
	out := append(make([]byte, 0, len(src)), src[:at]...)
	for rest := src[at:]; len(rest) > 0; {
		n, err := blockLength(rest)
		if err != nil {
			return nil, err
		}
		if rest[0] == blockImage && !onScreen(src, rest) {
			return nil, structure.ErrBroken // browsers show it, other decoders do not
		}
		if keepBlock(rest[:n]) {
			out = append(out, rest[:n]...)
		}
		if rest[0] == blockTrailer {
			return out, nil
		}
		rest = rest[n:]
	}
	return nil, structure.ErrBroken
}

// onScreen reports whether a frame lies on the screen.
func onScreen(screen, frame []byte) bool {
	le := binary.LittleEndian
	return int(le.Uint16(frame[1:]))+int(le.Uint16(frame[5:])) <= int(le.Uint16(screen[6:])) &&
		int(le.Uint16(frame[3:]))+int(le.Uint16(frame[7:])) <= int(le.Uint16(screen[8:]))
}

func keepBlock(block []byte) bool {
	if block[0] != blockExtension {
		return true
	}
	switch block[1] {
	case labelControl:
		return true
	case labelApplication:
		return bytes.HasPrefix(block[2:], []byte("\x0bNETSCAPE2.0\x03\x01")) && len(block) == 19
	default:
		return false
	}
}
