package tiff

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// How many parts a file may have of each kind that costs a decoder time beside
// its pixels: see structure.ExcessError.
const (
	// maxDirectories of a TIFF, one for each page; libtiff compares each with
	// all before it: 60,000 take 6 s, 2,000 a tenth of a second.
	maxDirectories = 2_000
	// maxFields of all directories of a TIFF together.
	maxFields = 65_536
	// maxPieces is the number of strips and tiles of a TIFF, of all pages
	// together: 100 megapixels in tiles of 64 × 64 are 24,414 and take 4 s.
	maxPieces = 65_536
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

// header is what the directories of a TIFF say.
type header struct {
	width, height int64 // of the first page; 0 where it does not say
	coding        structure.Coding
	err           error // an *structure.ExcessError, or nil
}

// Inspect reads what the first directory says, and whether there are others.
func Inspect(src []byte, info *structure.Info) {
	info.Lossless = true // most are; those with JPEG inside lose nothing by it
	info.Orientation = Orientation(src)
	info.Profile = profile(src)
	info.Pages = pages(src)
	h := read(src)
	info.Width, info.Height, info.Coding = h.width, h.height, h.coding
}

// Bounded returns a *structure.ExcessError for too many directories, fields,
// strips or tiles.
func Bounded(src []byte) error { return read(src).err }

// read reads the first directory and goes along all of them.
func read(src []byte) (f header) {
	order := binary.ByteOrder(binary.LittleEndian)
	if bytes.HasPrefix(src, []byte("MM")) {
		order = binary.BigEndian
	}
	if len(src) < 8 {
		return f
	}
	directories := structure.Tally{Parts: "directories", Limit: maxDirectories}
	fields := structure.Tally{Parts: "fields", Limit: maxFields}
	pieces := structure.Tally{Parts: "strips and tiles", Limit: maxPieces}
	seen := make(map[uint32]bool)
	for at := order.Uint32(src[4:]); at != 0 && !seen[at] && int64(at)+2 <= int64(len(src)) && f.err == nil; {
		seen[at] = true
		d := directory{order: order, src: src, rest: src[at+2:], fields: int(order.Uint16(src[at:]))}
		directories.Add(1)
		fields.Add(int64(d.fields))
		pieces.Add(d.pieces())
		if directories.Count == 1 {
			f.width, f.height = d.value(tagWidth), d.value(tagHeight)
			f.coding = d.coding()
		}
		f.err = cmp.Or(directories.Excess(), fields.Excess(), pieces.Excess())
		next := 12 * d.fields
		if next+4 > len(d.rest) {
			break
		}
		at = order.Uint32(d.rest[next:])
	}
	return f
}

// directory is one directory; its fields may be cut off.
type directory struct {
	order  binary.ByteOrder
	src    []byte
	rest   []byte
	fields int
}

// field returns how many values the tag has and the first one of at most four
// bytes; 0 where it lies outside the file.
func (d directory) field(tag uint16) (count, value int64) {
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

func (d directory) short(at uint32) int64 {
	if int64(at)+2 > int64(len(d.src)) {
		return 0
	}
	return int64(d.order.Uint16(d.src[at:]))
}

func (d directory) value(tag uint16) int64 { _, v := d.field(tag); return v }

// pieces counts strips and tiles.
func (d directory) pieces() int64 {
	strips, _ := d.field(tagStripOffsets)
	tiles, _ := d.field(tagTileOffsets)
	return strips + tiles
}

// coding returns what few decoders can read.
func (d directory) coding() structure.Coding {
	const floats = 3
	tiles, _ := d.field(tagTileOffsets)
	bits, format := d.value(tagBits), d.value(tagSampleFormat)
	switch compression := d.value(tagCompression); {
	case compression == 6:
		return structure.OldJPEGInTIFF
	case tiles > 0 && d.value(tagPlanar) == 2:
		return structure.TiledPlanes
	case compression > 0 && !usualCompression(compression):
		return structure.Coding(fmt.Sprintf("TIFF pictures with compression %d", compression))
	case format > 4: // complex numbers
		return structure.ComplexTIFF
	case format == floats && bits < 32, format != floats && bits > 32, bits&(bits-1) != 0:
		return structure.Coding(fmt.Sprintf("TIFF pictures with %d bits a sample", bits))
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
