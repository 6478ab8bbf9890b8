package webp

import (
	"encoding/binary"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// Strip copies the chunks that make pixels: see imagefile.Strip.
func Strip(src []byte) ([]byte, error) {
	rest, err := chunks(src)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(src)), src[:12]...)
	image := false
	for len(rest) > 0 {
		c, after, err := nextChunk(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		switch c.name {
		case "VP8X":
			out, err = appendHead(out, c)
		case "ALPH", "ANIM":
			out = append(out, c.raw...)
		case "VP8 ", "VP8L":
			image = true
			out = append(out, c.raw...)
		case "ANMF":
			image = true
			out, err = appendFrame(out, c)
		}
		if err != nil {
			return nil, err
		}
	}
	if !image {
		return nil, structure.ErrBroken
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8)) //nolint:gosec // no longer than src, whose length fits
	return out, nil
}

// appendHead appends the chunk that announces the others, without what is not
// there any more. A picture with neither alpha nor frames does without it.
func appendHead(out []byte, head chunk) ([]byte, error) {
	if len(head.body) < 10 {
		return nil, structure.ErrBroken
	}
	flags := head.body[0] &^ (flagXMP | flagEXIF | flagProfile)
	if flags&(flagAlpha|flagAnimation) == 0 {
		return out, nil
	}
	at := len(out) + 8
	out = append(out, head.raw...)
	out[at] = flags
	return out, nil
}

// appendFrame appends a frame of an animation without the unknown chunks that
// may stand in it.
func appendFrame(out []byte, frame chunk) ([]byte, error) {
	const head = 16
	if len(frame.body) < head {
		return nil, structure.ErrBroken
	}
	start := len(out)
	out = append(out, frame.raw[:8+head]...)
	for rest := frame.body[head:]; len(rest) > 0; {
		c, after, err := nextChunk(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		if c.name == "ALPH" || c.name == "VP8 " || c.name == "VP8L" {
			out = append(out, c.raw...)
		}
	}
	binary.LittleEndian.PutUint32(out[start+4:], uint32(len(out)-start-8)) //nolint:gosec // no longer than src
	return out, nil
}
