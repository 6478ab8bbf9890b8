package jpeg

import (
	"bytes"
	"encoding/binary"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// Markers of JPEG.
const (
	markSOF0  = 0xC0
	markDHT   = 0xC4
	markJPG   = 0xC8
	markDAC   = 0xCC
	markSOF15 = 0xCF
	markRST0  = 0xD0
	markRST7  = 0xD7
	markSOI   = 0xD8
	markEOI   = 0xD9
	markSOS   = 0xDA
	markDQT   = 0xDB
	markDNL   = 0xDC
	markDRI   = 0xDD
	markAPP0  = 0xE0
	markAPP1  = 0xE1
	markAPP2  = 0xE2
	markAPP14 = 0xEE
	markAPP15 = 0xEF
	markCOM   = 0xFE
)

const (
	exifName  = "Exif\x00\x00"
	iccName   = "ICC_PROFILE\x00"
	adobeName = "Adobe"
	jfifName  = "JFIF\x00"
)

// segment is one marker with what belongs to it.
type segment struct {
	marker byte
	raw    []byte // all bytes, with those of the scan after SOS
	body   []byte // the parameters
}

// reader walks the segments of a JPEG after SOI up to EOI.
type reader struct {
	rest []byte
}

func newReader(src []byte) (*reader, error) {
	if len(src) < 4 || src[0] != 0xFF || src[1] != markSOI {
		return nil, structure.ErrBroken
	}
	return &reader{rest: src[2:]}, nil
}

// next returns the next segment; the one with markEOI is the last.
func (r *reader) next() (segment, error) {
	for len(r.rest) >= 2 && r.rest[0] == 0xFF && r.rest[1] == 0xFF {
		r.rest = r.rest[1:] // fill bytes
	}
	if len(r.rest) < 2 || r.rest[0] != 0xFF {
		return segment{}, structure.ErrBroken
	}
	marker := r.rest[1]
	if marker == markEOI {
		return segment{marker: marker, raw: r.rest[:2]}, nil
	}
	if len(r.rest) < 4 {
		return segment{}, structure.ErrBroken
	}
	size := 2 + int(binary.BigEndian.Uint16(r.rest[2:]))
	if size < 4 || size > len(r.rest) {
		return segment{}, structure.ErrBroken
	}
	body := r.rest[4:size]
	if marker == markSOS {
		scan, err := scanLength(r.rest[size:])
		if err != nil {
			return segment{}, err
		}
		size += scan
	}
	s := segment{marker: marker, raw: r.rest[:size], body: body}
	r.rest = r.rest[size:]
	return s, nil
}

// skipToMarker passes over what is no start of a segment, and reports whether
// there is one.
func (r *reader) skipToMarker() bool {
	for len(r.rest) >= 2 {
		marker := r.rest[1]
		stands := r.rest[0] == 0xFF && marker != 0 && marker != 0xFF && marker != markTEM &&
			marker != markSOI && (marker < 0xD0 || marker > 0xD7)
		if stands {
			return true
		}
		next := bytes.IndexByte(r.rest[1:], 0xFF)
		if next < 0 {
			break
		}
		r.rest = r.rest[1+next:]
	}
	return false
}

// scanLength is the length of the entropy-coded data up to the next marker.
func scanLength(data []byte) (int, error) {
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], 0xFF)
		if i < 0 || at+i+1 >= len(data) {
			return 0, structure.ErrBroken
		}
		at += i
		switch m := data[at+1]; {
		case m == 0, m >= markRST0 && m <= markRST7: // a stuffed byte, a restart
			at += 2
		case m == 0xFF:
			at++
		default:
			return at, nil
		}
	}
}

// isSOF reports whether the marker begins a frame.
func isSOF(m byte) bool {
	return m >= markSOF0 && m <= markSOF15 && m != markDHT && m != markJPG && m != markDAC
}
