package imagefile

import (
	"encoding/binary"
	"image"
	"slices"
)

// Flags in the first byte of a VP8X chunk.
const (
	webpAnimation = 0x02
	webpXMP       = 0x04
	webpEXIF      = 0x08
	webpAlpha     = 0x10
	webpProfile   = 0x20
)

// webpChunk is one RIFF chunk of a WebP file.
type webpChunk struct {
	name string
	raw  []byte // with name, length and padding
	body []byte
}

// webpChunks returns the bytes of all chunks.
func webpChunks(src []byte) ([]byte, error) {
	if len(src) < 12 {
		return nil, errStructure
	}
	size := uint64(binary.LittleEndian.Uint32(src[4:])) + 8
	if size < 12 || size > uint64(len(src)) {
		return nil, errStructure
	}
	return src[12:size], nil
}

// nextWebP returns the first chunk of rest and what follows it.
func nextWebP(rest []byte) (c webpChunk, after []byte, err error) {
	if len(rest) < 8 {
		return webpChunk{}, nil, errStructure
	}
	length := uint64(binary.LittleEndian.Uint32(rest[4:]))
	size := 8 + length + length&1
	if size > uint64(len(rest)) {
		return webpChunk{}, nil, errStructure
	}
	return webpChunk{name: string(rest[:4]), raw: rest[:size], body: rest[8 : 8+length]}, rest[size:], nil
}

func inspectWebP(src []byte, info *Info) {
	rest, err := webpChunks(src)
	if err != nil {
		return
	}
	frames := 0
	defer func() { info.Frames = max(1, frames) }()
	for len(rest) > 0 {
		c, after, err := nextWebP(rest)
		if err != nil {
			return
		}
		rest = after
		switch c.name {
		case "ANMF":
			frames++
		case "VP8L":
			info.Lossless = true
		case "EXIF":
			info.Orientation = exifOrientation(c.body)
		case "ICCP":
			info.Profile = c.body
		}
	}
}

// WebPAnimated reports whether the file says that it is an animation.
func WebPAnimated(src []byte) bool {
	chunks, err := webpChunks(src)
	if err != nil {
		return false
	}
	first, _, err := nextWebP(chunks)
	return err == nil && first.name == "VP8X" && len(first.body) > 0 && first.body[0]&webpAnimation != 0
}

// webpFrameHead is the length of what stands before the pixels in an ANMF
// chunk.
const webpFrameHead = 16

// WithWebPAlpha returns a copy of an animated WebP that says that it has
// transparency. Where frames leave a part of the canvas uncovered, it has.
func WithWebPAlpha(src []byte) []byte {
	if !WebPAnimated(src) {
		return src
	}
	out := slices.Clone(src)
	out[20] |= webpAlpha
	return out
}

// WebPFrame is one frame of an animated WebP.
type WebPFrame struct {
	Still         []byte          // as a WebP of its own
	Area          image.Rectangle // on the canvas, within it
	Width, Height int             // of the canvas, in pixels
}

// FirstWebPFrame returns the first frame of an animated WebP.
func FirstWebPFrame(src []byte) (WebPFrame, error) {
	var f WebPFrame
	rest, err := webpChunks(src)
	if err != nil {
		return f, err
	}
	for len(rest) > 0 {
		c, after, err := nextWebP(rest)
		if err != nil {
			return f, err
		}
		rest = after
		switch {
		case c.name == "VP8X" && len(c.body) >= 10:
			f.Width, f.Height = uint24(c.body[4:])+1, uint24(c.body[7:])+1
		case c.name == "ANMF" && len(c.body) >= webpFrameHead:
			x, y := 2*uint24(c.body), 2*uint24(c.body[3:])
			f.Area = image.Rect(x, y, x+uint24(c.body[6:])+1, y+uint24(c.body[9:])+1)
			if !f.Area.In(image.Rect(0, 0, f.Width, f.Height)) {
				return f, errStructure
			}
			f.Still, err = stillWebP(f.Area, c.body[webpFrameHead:])
			return f, err
		}
	}
	return f, errStructure
}

// stillWebP makes a file of the chunks of a frame.
func stillWebP(area image.Rectangle, chunks []byte) ([]byte, error) {
	var pixels []byte
	flags := byte(0)
	for len(chunks) > 0 {
		c, after, err := nextWebP(chunks)
		if err != nil {
			return nil, err
		}
		chunks = after
		switch c.name {
		case "ALPH":
			flags = webpAlpha
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
