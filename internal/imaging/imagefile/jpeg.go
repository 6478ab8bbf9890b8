package imagefile

import (
	"bytes"
	"encoding/binary"
	"errors"
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

// errStructure says that a file is not built as its format demands.
var errStructure = errors.New("broken structure")

// jpegSegment is one marker with what belongs to it.
type jpegSegment struct {
	marker byte
	raw    []byte // all bytes, with those of the scan after SOS
	body   []byte // the parameters
}

// jpegReader walks the segments of a JPEG after SOI up to EOI.
type jpegReader struct {
	rest []byte
}

func newJPEGReader(src []byte) (*jpegReader, error) {
	if len(src) < 4 || src[0] != 0xFF || src[1] != markSOI {
		return nil, errStructure
	}
	return &jpegReader{rest: src[2:]}, nil
}

// next returns the next segment; the one with markEOI is the last.
func (r *jpegReader) next() (jpegSegment, error) {
	for len(r.rest) >= 2 && r.rest[0] == 0xFF && r.rest[1] == 0xFF {
		r.rest = r.rest[1:] // fill bytes
	}
	if len(r.rest) < 2 || r.rest[0] != 0xFF {
		return jpegSegment{}, errStructure
	}
	marker := r.rest[1]
	if marker == markEOI {
		return jpegSegment{marker: marker, raw: r.rest[:2]}, nil
	}
	if len(r.rest) < 4 {
		return jpegSegment{}, errStructure
	}
	size := 2 + int(binary.BigEndian.Uint16(r.rest[2:]))
	if size < 4 || size > len(r.rest) {
		return jpegSegment{}, errStructure
	}
	body := r.rest[4:size]
	if marker == markSOS {
		scan, err := scanLength(r.rest[size:])
		if err != nil {
			return jpegSegment{}, err
		}
		size += scan
	}
	s := jpegSegment{marker: marker, raw: r.rest[:size], body: body}
	r.rest = r.rest[size:]
	return s, nil
}

// skipToMarker passes over what is no start of a segment, and reports whether
// there is one.
func (r *jpegReader) skipToMarker() bool {
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
			return 0, errStructure
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

func inspectJPEG(src []byte, info *Info) {
	r, err := newJPEGReader(src)
	if err != nil {
		return
	}
	for {
		s, err := r.nextHeader()
		if err != nil || s.marker == markEOI || s.marker == markSOS {
			return
		}
		switch {
		case isSOF(s.marker):
			// All but baseline and extended sequential come in several scans.
			info.Whole = s.marker&3 == 2
			info.Lossless = s.marker&3 == 3
			info.CMYK = len(s.body) >= 6 && s.body[5] == 4
			if f, ok := parseFrame(s.marker, s.body); ok {
				info.Width, info.Height, info.Coding = int64(f.width), int64(f.height), f.coding()
			}
		case s.marker == markAPP1 && bytes.HasPrefix(s.body, []byte(exifName)):
			info.Orientation = exifOrientation(s.body)
		case s.marker == markAPP2 && bytes.HasPrefix(s.body, []byte(iccName)) && len(s.body) > len(iccName)+2:
			info.Profile = append(info.Profile, s.body[len(iccName)+2:]...)
		}
	}
}

// nextHeader is next that stops before the scans.
func (r *jpegReader) nextHeader() (jpegSegment, error) {
	if len(r.rest) >= 2 && r.rest[1] == markSOS {
		return jpegSegment{marker: markSOS}, nil
	}
	return r.next()
}
