package jpeg

import (
	"bytes"

	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagefile/tiff"
)

// Inspect reads what stands before the first scan.
func Inspect(src []byte, info *structure.Info) {
	r, err := newReader(src)
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
			if f, ok := parseFrameHeader(s.marker, s.body); ok {
				info.Width, info.Height, info.Coding = int64(f.width), int64(f.height), f.coding()
			}
		case s.marker == markAPP1 && bytes.HasPrefix(s.body, []byte(exifName)):
			info.Orientation = tiff.Orientation(s.body)
		case s.marker == markAPP2 && bytes.HasPrefix(s.body, []byte(iccName)) && len(s.body) > len(iccName)+2:
			info.Profile = append(info.Profile, s.body[len(iccName)+2:]...)
		}
	}
}

// nextHeader is next that stops before the scans.
func (r *reader) nextHeader() (segment, error) {
	if len(r.rest) >= 2 && r.rest[1] == markSOS {
		return segment{marker: markSOS}, nil
	}
	return r.next()
}
