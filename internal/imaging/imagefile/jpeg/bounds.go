package jpeg

import (
	"cmp"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// How many parts a file may have of each kind that costs a decoder time beside
// its pixels: see structure.ExcessError.
const (
	// maxScans of a JPEG: as many as Chromium decodes (Skia's SkJpegCodec).
	// libjpeg's own script for progressive pictures has 10.
	maxScans = 100
	// maxScanPixels bounds the scans of a JPEG times its pixels: each scan goes
	// over all of them, be it empty. 20 scans of 100 megapixels take pure Go 6 s.
	maxScanPixels = 2_000_000_000
	// maxSegments of a JPEG. libvips searches all that it has for each new one:
	// 100,000 in half a megabyte take minutes. A profile has 255 at the most.
	maxSegments = 2_000
)

// Bounded counts what a decoder may meet that passes over what lies between
// segments, as libjpeg does, also where Repair left that alone.
func Bounded(src []byte) error {
	r, err := newReader(src)
	if err != nil {
		return nil //nolint:nilerr // left to the decoder
	}
	scans := structure.Tally{Parts: "scans", Limit: maxScans}
	segments := structure.Tally{Parts: "segments", Limit: maxSegments}
	pixels := structure.Tally{Parts: "pixels in all its scans", Limit: maxScanPixels}
	var frame frameHeader
	for r.skipToMarker() {
		s, err := r.next()
		if err != nil {
			r.rest = r.rest[2:]
			continue
		}
		if s.marker == markEOI {
			break
		}
		segments.Add(1)
		switch {
		case isSOF(s.marker):
			frame, _ = parseFrameHeader(s.marker, s.body)
		case s.marker == markSOS:
			scans.Add(1)
			pixels.Add(int64(frame.width) * int64(frame.height))
		}
	}
	return cmp.Or(scans.Excess(), segments.Excess(), pixels.Excess())
}
