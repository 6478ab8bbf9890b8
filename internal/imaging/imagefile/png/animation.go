package png

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"math"
	"slices"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// errChecksum says that bytes were changed.
var errChecksum = errors.New("a checksum is wrong")

// Animation lists the frames of an animated PNG as the third edition of the
// specification describes them. It is nil for a PNG that is not animated and
// for one whose animation breaks a rule (out of order, off the canvas, without
// pixels, fewer frames than announced): there the still picture in the file is
// what it shows, as that specification recommends. The caller has to have
// limited the number of frames: see structure.Info.
func Animation(src []byte) *structure.Animation {
	p := animationReader{head: &structure.PNGHead{}}
	if len(src) < len(Signature) {
		return nil
	}
	for rest := src[len(Signature):]; ; {
		c, after, err := nextChunk(rest)
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

// animationReader goes through the chunks of an animated PNG.
type animationReader struct {
	head      *structure.PNGHead
	a         *structure.Animation
	announced uint32 // frames
	sequence  uint32 // the number that the next chunk has to have
	still     bool   // the still picture has begun
	last      string // the name of the chunk before
	open      bool   // the last frame has no pixels yet

	stillIsFirst bool // the still picture is the first frame
}

// take reads a chunk, with which rest begins. It reports false where the chunk
// breaks a rule.
func (p *animationReader) take(c chunk, rest []byte) bool {
	ok := true
	switch c.name {
	case "IHDR":
		ok = p.head.IHDR == nil && len(c.body) == 13
		p.head.IHDR = c.body
	case "PLTE":
		if p.head.PLTE == nil && !p.still {
			p.head.PLTE = c.raw
		}
	case "tRNS":
		if p.head.TRNS == nil && !p.still {
			p.head.TRNS = c.raw
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
func (p *animationReader) control(body []byte) bool {
	if p.still {
		return true
	}
	if p.a != nil || len(body) != 8 || p.head.IHDR == nil {
		return false
	}
	be := binary.BigEndian
	p.announced = be.Uint32(body)
	width, height := be.Uint32(p.head.IHDR), be.Uint32(p.head.IHDR[4:])
	if p.announced == 0 || width == 0 || height == 0 || width > math.MaxInt32 || height > math.MaxInt32 {
		return false
	}
	p.a = &structure.Animation{
		Width: int(width), Height: int(height), Plays: int(min(be.Uint32(body[4:]), structure.MaxPlays)),
		Deep: p.head.IHDR[8] > 8,
	}
	return true
}

// number reads the number that every chunk of an animation begins with.
func (p *animationReader) number(body []byte) bool {
	ok := len(body) >= 4 && binary.BigEndian.Uint32(body) == p.sequence
	p.sequence++
	return ok
}

// frame reads fcTL.
func (p *animationReader) frame(body []byte) bool {
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
	f := structure.Frame{
		Area:  image.Rect(at[2], at[3], at[2]+at[0], at[3]+at[1]),
		Delay: delay(be.Uint16(body[20:]), be.Uint16(body[22:])),
		After: structure.Disposal(body[24]), Over: body[25] == 1, PNG: &structure.PNGFrame{Head: p.head},
	}
	canvas := image.Rect(0, 0, p.a.Width, p.a.Height)
	if f.Area.Empty() || !f.Area.In(canvas) || f.After > structure.RestorePast || body[25] > 1 {
		return false
	}
	if !p.still && (len(p.a.Frames) > 0 || f.Area != canvas) { // it speaks of the still picture
		return false
	}
	p.a.Frames = append(p.a.Frames, f)
	p.open = true
	return true
}

// delay is a fraction of a second in milliseconds; hundredths where there
// is no denominator.
func delay(num, den uint16) int {
	if den == 0 {
		den = 100
	}
	return (int(num)*1000 + int(den)/2) / int(den)
}

// stillPixels begins or goes on with the still picture, which is the first
// frame where an fcTL stands before it.
func (p *animationReader) stillPixels(rest []byte) bool {
	if p.still {
		return p.last == "IDAT"
	}
	p.still = true
	if p.open {
		p.open, p.stillIsFirst = false, true
		p.a.Frames[0].PNG.Data = rest
	}
	return true
}

// framePixels reads fdAT.
func (p *animationReader) framePixels(body, rest []byte) bool {
	switch {
	case p.a == nil:
		return true
	case !p.still || !p.number(body) || !p.open && p.last != "fdAT":
		return false
	case p.open:
		p.open = false
		p.a.Frames[len(p.a.Frames)-1].PNG.Data = rest
	}
	return true
}

// finish returns the animation if all of it is there and it is more than the
// still picture.
func (p *animationReader) finish() *structure.Animation {
	if p.a == nil || p.open || !p.still || uint64(len(p.a.Frames)) != uint64(p.announced) {
		return nil
	}
	if len(p.a.Frames) == 1 && p.stillIsFirst {
		return nil
	}
	return p.a
}

// Still returns a frame of an animated PNG as a PNG of its own: with its
// size, its pixels and the colours of the palette, and nothing else. An error
// says that a checksum of the source is wrong.
func Still(f structure.Frame) ([]byte, error) {
	ihdr := slices.Clone(f.PNG.Head.IHDR)
	binary.BigEndian.PutUint32(ihdr, uint32(f.Area.Dx()))     //nolint:gosec // came from 31 bits
	binary.BigEndian.PutUint32(ihdr[4:], uint32(f.Area.Dy())) //nolint:gosec // came from 31 bits
	out := appendChunk([]byte(Signature), "IHDR", ihdr)
	out = append(append(out, f.PNG.Head.PLTE...), f.PNG.Head.TRNS...)
	for rest, first := f.PNG.Data, ""; ; {
		c, after, err := nextChunk(rest)
		if err != nil {
			return nil, err
		}
		if first == "" {
			first = c.name
		}
		if c.name != first {
			return appendChunk(out, "IEND", nil), nil
		}
		if crc32.ChecksumIEEE(c.raw[4:len(c.raw)-4]) != binary.BigEndian.Uint32(c.raw[len(c.raw)-4:]) {
			return nil, errChecksum
		}
		if first == "fdAT" {
			c.body = c.body[4:]
		}
		out = appendChunk(out, "IDAT", c.body)
		rest = after
	}
}

// appendChunk appends a chunk.
func appendChunk(out []byte, name string, body []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(body))) //nolint:gosec // came from a chunk
	at := len(out)
	out = append(append(out, name...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[at:]))
}
