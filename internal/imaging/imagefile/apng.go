package imagefile

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"math"
	"slices"
)

// pngFrame is where the pixels of a frame of a PNG are.
type pngFrame struct {
	head *pngHead
	data []byte // chunks from the first with pixels of the frame on
}

// pngHead is what all frames of a PNG share.
type pngHead struct {
	ihdr       []byte // the body, with the size of the canvas
	plte, trns []byte // whole chunks, nil for none
}

// errChecksum says that bytes were changed.
var errChecksum = errors.New("a checksum is wrong")

// PNGAnimation lists the frames of an animated PNG as the third edition of the
// specification describes them. It is nil for a PNG that is not animated and
// for one whose animation breaks a rule (out of order, off the canvas, without
// pixels, fewer frames than announced): there the still picture in the file is
// what it shows, as that specification recommends. The caller has to have
// limited the number of frames: see Info.
func PNGAnimation(src []byte) *Animation {
	p := apngReader{head: &pngHead{}}
	if len(src) < len(pngSignature) {
		return nil
	}
	for rest := src[len(pngSignature):]; ; {
		c, after, err := nextPNG(rest)
		if err != nil {
			return nil
		}
		if c.name == "IEND" {
			return p.finish()
		}
		if !p.take(c, rest) {
			return nil
		}
		rest = after
	}
}

// apngReader goes through the chunks of an animated PNG.
type apngReader struct {
	head      *pngHead
	a         *Animation
	announced uint32 // frames
	sequence  uint32 // the number that the next chunk has to have
	still     bool   // the still picture has begun
	last      string // the name of the chunk before
	open      bool   // the last frame has no pixels yet

	stillIsFirst bool // the still picture is the first frame
}

// take reads a chunk, with which rest begins. It reports false where the chunk
// breaks a rule.
func (p *apngReader) take(c pngChunk, rest []byte) bool {
	ok := true
	switch c.name {
	case "IHDR":
		ok = p.head.ihdr == nil && len(c.body) == 13
		p.head.ihdr = c.body
	case "PLTE":
		if p.head.plte == nil && !p.still {
			p.head.plte = c.raw
		}
	case "tRNS":
		if p.head.trns == nil && !p.still {
			p.head.trns = c.raw
		}
	case "acTL":
		ok = p.control(c.body)
	case "fcTL":
		ok = p.frame(c.body)
	case "IDAT":
		ok = p.stillPixels(rest)
	case "fdAT":
		ok = p.framePixels(c.body, rest)
	}
	p.last = c.name
	return ok
}

// control reads acTL. Behind the still picture it means nothing.
func (p *apngReader) control(body []byte) bool {
	if p.still {
		return true
	}
	if p.a != nil || len(body) != 8 || p.head.ihdr == nil {
		return false
	}
	be := binary.BigEndian
	p.announced = be.Uint32(body)
	width, height := be.Uint32(p.head.ihdr), be.Uint32(p.head.ihdr[4:])
	if p.announced == 0 || width == 0 || height == 0 || width > math.MaxInt32 || height > math.MaxInt32 {
		return false
	}
	p.a = &Animation{
		Format: PNG, Width: int(width), Height: int(height), Plays: int(min(be.Uint32(body[4:]), maxPlays)),
		Deep: p.head.ihdr[8] > 8,
	}
	return true
}

// number reads the number that every chunk of an animation begins with.
func (p *apngReader) number(body []byte) bool {
	ok := len(body) >= 4 && binary.BigEndian.Uint32(body) == p.sequence
	p.sequence++
	return ok
}

// frame reads fcTL.
func (p *apngReader) frame(body []byte) bool {
	if p.a == nil {
		return true // no animation was announced
	}
	if p.open || len(body) != 26 || !p.number(body) {
		return false
	}
	be := binary.BigEndian
	var at [4]int // width, height, x, y
	for i := range at {
		v := be.Uint32(body[4+4*i:])
		if v > math.MaxInt32 {
			return false
		}
		at[i] = int(v)
	}
	f := Frame{
		Area:  image.Rect(at[2], at[3], at[2]+at[0], at[3]+at[1]),
		Delay: apngDelay(be.Uint16(body[20:]), be.Uint16(body[22:])),
		After: Disposal(body[24]), Over: body[25] == 1, png: pngFrame{head: p.head},
	}
	canvas := image.Rect(0, 0, p.a.Width, p.a.Height)
	if f.Area.Empty() || !f.Area.In(canvas) || f.After > RestorePast || body[25] > 1 {
		return false
	}
	if !p.still && (len(p.a.Frames) > 0 || f.Area != canvas) { // it speaks of the still picture
		return false
	}
	p.a.Frames = append(p.a.Frames, f)
	p.open = true
	return true
}

// apngDelay is a fraction of a second in milliseconds; hundredths where there
// is no denominator.
func apngDelay(num, den uint16) int {
	if den == 0 {
		den = 100
	}
	return (int(num)*1000 + int(den)/2) / int(den)
}

// stillPixels begins or goes on with the still picture, which is the first
// frame where an fcTL stands before it.
func (p *apngReader) stillPixels(rest []byte) bool {
	if p.still {
		return p.last == "IDAT"
	}
	p.still = true
	if p.open {
		p.open, p.stillIsFirst = false, true
		p.a.Frames[0].png.data = rest
	}
	return true
}

// framePixels reads fdAT.
func (p *apngReader) framePixels(body, rest []byte) bool {
	switch {
	case p.a == nil:
		return true
	case !p.still || !p.number(body) || !p.open && p.last != "fdAT":
		return false
	case p.open:
		p.open = false
		p.a.Frames[len(p.a.Frames)-1].png.data = rest
	}
	return true
}

// finish returns the animation if all of it is there and it is more than the
// still picture.
func (p *apngReader) finish() *Animation {
	if p.a == nil || p.open || !p.still || uint64(len(p.a.Frames)) != uint64(p.announced) {
		return nil
	}
	if len(p.a.Frames) == 1 && p.stillIsFirst {
		return nil
	}
	return p.a
}

// StillPNG returns a frame of an animated PNG as a PNG of its own: with its
// size, its pixels and the colours of the palette, and nothing else. An error
// says that a checksum of the source is wrong.
func (f Frame) StillPNG() ([]byte, error) {
	ihdr := slices.Clone(f.png.head.ihdr)
	binary.BigEndian.PutUint32(ihdr, uint32(f.Area.Dx()))     //nolint:gosec // came from 31 bits
	binary.BigEndian.PutUint32(ihdr[4:], uint32(f.Area.Dy())) //nolint:gosec // came from 31 bits
	out := appendPNG([]byte(pngSignature), "IHDR", ihdr)
	out = append(append(out, f.png.head.plte...), f.png.head.trns...)
	for rest, first := f.png.data, ""; ; {
		c, after, err := nextPNG(rest)
		if err != nil {
			return nil, err
		}
		if first == "" {
			first = c.name
		}
		if c.name != first {
			return appendPNG(out, "IEND", nil), nil
		}
		if crc32.ChecksumIEEE(c.raw[4:len(c.raw)-4]) != binary.BigEndian.Uint32(c.raw[len(c.raw)-4:]) {
			return nil, errChecksum
		}
		if first == "fdAT" {
			c.body = c.body[4:]
		}
		out = appendPNG(out, "IDAT", c.body)
		rest = after
	}
}

// appendPNG appends a chunk.
func appendPNG(out []byte, name string, body []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(body))) //nolint:gosec // came from a chunk
	at := len(out)
	out = append(append(out, name...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[at:]))
}
