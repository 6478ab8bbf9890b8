package png

import (
	"encoding/binary"
	"hash/crc32"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// Colour types of PNG.
const (
	typeGrey      = 0
	typePalette   = 3
	typeGreyAlpha = 4
	typeAlpha     = 6
)

// ancillary is the bit in a chunk's name that says that a decoder which does
// not know the chunk may pass over it.
const ancillary = 0x20

// Repair drops the chunks that libpng, and so every browser, passes over and
// the decoder of Go refuses: ancillary ones whose checksum is wrong,
// transparency and palettes that the type of colour has no use for. It adds an
// end that is missing after whole chunks of pixels; whether these are all of
// them the decoders know.
func Repair(src []byte) []byte {
	e := &structure.Editor{Src: src}
	var kind byte
	colours, pixels := 0, false
	at := len(Signature)
	for {
		c, rest, err := nextChunk(src[at:])
		if err != nil {
			break
		}
		switch c.name {
		case "IHDR":
			if len(c.body) < 13 {
				return src
			}
			kind = c.body[9]
		case "PLTE":
			colours = len(c.body) / 3
		case "IDAT":
			pixels = true
		case "IEND":
			return e.Result()
		}
		end := len(src) - len(rest)
		if c.damaged() || c.useless(kind, colours) {
			e.Replace(at, end)
		}
		at = end
	}
	if pixels && len(src)-at < 12 { // less than the shortest chunk
		e.Replace(at, len(src), []byte("\x00\x00\x00\x00IEND\xaeB`\x82")...)
		return e.Result()
	}
	return src
}

// damaged reports whether an ancillary chunk has a wrong checksum.
func (c chunk) damaged() bool {
	sum := binary.BigEndian.Uint32(c.raw[len(c.raw)-4:])
	return c.name[0]&ancillary != 0 && crc32.ChecksumIEEE(c.raw[4:len(c.raw)-4]) != sum
}

// useless reports whether the chunk says of colours or transparency what
// cannot be said of pictures of the kind, and is ignored for it.
func (c chunk) useless(kind byte, colours int) bool {
	switch {
	case c.name == "PLTE":
		return kind == typeGrey || kind == typeGreyAlpha
	case c.name != "tRNS":
		return false
	case kind == typePalette:
		return len(c.body) == 0 || len(c.body) > colours
	case kind == typeGrey:
		return len(c.body) != 2
	default:
		return kind == typeGreyAlpha || kind == typeAlpha || len(c.body) != 6
	}
}
