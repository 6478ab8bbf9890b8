package imagefile

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Tags of TIFF, and its types of values by their size.
const (
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagStripOffsets = 273
	tagPlanar       = 284
	tagTileOffsets  = 324
	tagSampleFormat = 339
)

// tiffFile is what the directories of a TIFF say.
type tiffFile struct {
	width, height int64 // of the first page; 0 where it does not say
	coding        Coding
	err           error // an *ExcessError, or nil
}

// readTIFF reads the first directory and goes along all of them.
func readTIFF(src []byte) (f tiffFile) {
	order := binary.ByteOrder(binary.LittleEndian)
	if bytes.HasPrefix(src, []byte("MM")) {
		order = binary.BigEndian
	}
	if len(src) < 8 {
		return f
	}
	directories := tally{parts: "directories", limit: maxDirectories}
	fields := tally{parts: "fields", limit: maxFields}
	pieces := tally{parts: "strips and tiles", limit: maxPieces}
	seen := make(map[uint32]bool)
	for at := order.Uint32(src[4:]); at != 0 && !seen[at] && int64(at)+2 <= int64(len(src)) && f.err == nil; {
		seen[at] = true
		d := tiffDirectory{order: order, src: src, rest: src[at+2:], fields: int(order.Uint16(src[at:]))}
		directories.add(1)
		fields.add(int64(d.fields))
		pieces.add(d.pieces())
		if directories.count == 1 {
			f.width, f.height = d.value(tagWidth), d.value(tagHeight)
			f.coding = d.coding()
		}
		f.err = firstError(directories.excess(), fields.excess(), pieces.excess())
		next := 12 * d.fields
		if next+4 > len(d.rest) {
			break
		}
		at = order.Uint32(d.rest[next:])
	}
	return f
}

// tiffDirectory is one directory; its fields may be cut off.
type tiffDirectory struct {
	order  binary.ByteOrder
	src    []byte
	rest   []byte
	fields int
}

// field returns how many values the tag has and the first one of at most four
// bytes; 0 where it lies outside the file.
func (d tiffDirectory) field(tag uint16) (count, value int64) {
	for i := range min(d.fields, len(d.rest)/12) {
		e := d.rest[12*i:]
		if d.order.Uint16(e) != tag {
			continue
		}
		count = int64(d.order.Uint32(e[4:]))
		switch d.order.Uint16(e[2:]) {
		case 1:
			return count, int64(e[8])
		case typeShort:
			if at := d.order.Uint32(e[8:]); count > 2 { // as of each channel's bits
				return count, d.short(at)
			}
			return count, int64(d.order.Uint16(e[8:]))
		default:
			return count, int64(d.order.Uint32(e[8:]))
		}
	}
	return 0, 0
}

func (d tiffDirectory) short(at uint32) int64 {
	if int64(at)+2 > int64(len(d.src)) {
		return 0
	}
	return int64(d.order.Uint16(d.src[at:]))
}

func (d tiffDirectory) value(tag uint16) int64 { _, v := d.field(tag); return v }

// pieces counts strips and tiles.
func (d tiffDirectory) pieces() int64 {
	strips, _ := d.field(tagStripOffsets)
	tiles, _ := d.field(tagTileOffsets)
	return strips + tiles
}

// coding tells what few decoders can read.
func (d tiffDirectory) coding() Coding {
	const floats = 3
	tiles, _ := d.field(tagTileOffsets)
	bits, format := d.value(tagBits), d.value(tagSampleFormat)
	switch compression := d.value(tagCompression); {
	case compression == 6:
		return OldJPEGInTIFF
	case tiles > 0 && d.value(tagPlanar) == 2:
		return TiledPlanes
	case compression > 0 && !usualCompression(compression):
		return Coding(fmt.Sprintf("TIFF pictures with compression %d", compression))
	case format > 4: // complex numbers
		return ComplexTIFF
	case format == floats && bits < 32, format != floats && bits > 32, bits&(bits-1) != 0:
		return Coding(fmt.Sprintf("TIFF pictures with %d bits a sample", bits))
	default:
		return ""
	}
}

// usualCompression reports whether the number stands for none, for a code of
// fax, LZW, JPEG, Deflate or PackBits.
func usualCompression(n int64) bool {
	switch n {
	case 1, 2, 3, 4, 5, 7, 8, 32773, 32946:
		return true
	default:
		return false
	}
}
