package webp

import (
	"encoding/binary"
	"image"
	"slices"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// frameHead is the length of what stands before the pixels in an ANMF
// chunk.
const frameHead = 16

// WithAlpha returns a copy of an animated WebP that says that it has
// transparency. Where frames leave a part of the canvas uncovered, it has.
func WithAlpha(src []byte) []byte {
	if !Animated(src) {
		return src
	}
	out := slices.Clone(src)
	out[20] |= flagAlpha
	return out
}

// Frame is one frame of an animated WebP.
type Frame struct {
	Still         []byte          // as a WebP of its own
	Area          image.Rectangle // on the canvas, within it
	Width, Height int             // of the canvas, in pixels
}

// FirstFrame returns the first frame of an animated WebP.
func FirstFrame(src []byte) (Frame, error) {
	var f Frame
	rest, err := chunks(src)
	if err != nil {
		return f, err
	}
	for len(rest) > 0 {
		c, after, err := nextChunk(rest)
		if err != nil {
			return f, err
		}
		rest = after
		switch {
		case c.name == "VP8X" && len(c.body) >= 10:
			f.Width, f.Height = uint24(c.body[4:])+1, uint24(c.body[7:])+1
		case c.name == "ANMF" && len(c.body) >= frameHead:
			x, y := 2*uint24(c.body), 2*uint24(c.body[3:])
			f.Area = image.Rect(x, y, x+uint24(c.body[6:])+1, y+uint24(c.body[9:])+1)
			if !f.Area.In(image.Rect(0, 0, f.Width, f.Height)) {
				return f, structure.ErrBroken
			}
			f.Still, err = still(f.Area, c.body[frameHead:])
			return f, err
		}
	}
	return f, structure.ErrBroken
}

// still makes a file of the chunks of a frame.
func still(area image.Rectangle, chunks []byte) ([]byte, error) {
	var pixels []byte
	flags := byte(0)
	for len(chunks) > 0 {
		c, after, err := nextChunk(chunks)
		if err != nil {
			return nil, err
		}
		chunks = after
		switch c.name {
		case "ALPH":
			flags = flagAlpha
			pixels = append(pixels, c.raw...)
		case "VP8 ", "VP8L":
			pixels = append(pixels, c.raw...)
		}
	}
	head := append([]byte("VP8X\x0a\x00\x00\x00"), flags, 0, 0, 0)
	head = appendUint24(appendUint24(head, area.Dx()-1), area.Dy()-1)
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(head)+len(pixels))) //nolint:gosec // no longer than a chunk and a head
	return append(append(append(out, "WEBP"...), head...), pixels...), nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func appendUint24(b []byte, n int) []byte {
	return append(b, byte(n), byte(n>>8), byte(n>>16)) //nolint:gosec // digits
}
