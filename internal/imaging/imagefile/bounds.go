package imagefile

import "fmt"

// How many parts a file may have of each kind that costs a decoder time beside
// its pixels. The limits lie far above what cameras, phones and programs write.
// They come from the CPU time of libvips 8.14 and of pure Go on hostile files of
// 20 MB (see docs/reliability.md): the worst file that keeps them takes less
// than a tenth of the default IMAGE_RENDER_TIMEOUT more than its pixels do.
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
	// maxPacked is the number of compressed texts and profiles of a PNG: each
	// may unpack to 8 MB, which libpng does twice. 32 of them take 2.4 s.
	maxPacked = 32
	// maxDirectories of a TIFF, one for each page; libtiff compares each with
	// all before it: 60,000 take 6 s, 2,000 a tenth of a second.
	maxDirectories = 2_000
	// maxFields of all directories of a TIFF together.
	maxFields = 65_536
	// maxPieces is the number of strips and tiles of a TIFF, of all pages
	// together: 100 megapixels in tiles of 64 × 64 are 24,414 and take 4 s.
	maxPieces = 65_536
	// maxItems of an AVIF or HEIC file, and pictures that one of them is put
	// together from: the limit of items in libheif since 1.19. The grid of a
	// phone's 48 megapixels has 192.
	maxItems = 1_000
)

// ExcessError says that a file has more parts than are accepted.
type ExcessError struct {
	Parts        string // what they are, in the plural
	Count, Limit int64
}

func (e *ExcessError) Error() string {
	return fmt.Sprintf("%d %s, at most %d are accepted", e.Count, e.Parts, e.Limit)
}

// tally counts parts of one kind up to the limit.
type tally struct {
	parts string
	limit int64
	count int64
}

func (t *tally) add(n int64) { t.count += min(n, 1<<40) }

func (t *tally) excess() error {
	if t.count > t.limit {
		return &ExcessError{Parts: t.parts, Count: t.count, Limit: t.limit}
	}
	return nil
}

// Bounded returns an *ExcessError for a file that a decoder would be busy with
// for long, whatever its pixels. Frames are in Info.
// What is broken is left to the decoder.
func Bounded(src []byte) error {
	switch Sniff(src) {
	case JPEG:
		return boundedJPEG(src)
	case PNG:
		return boundedPNG(src)
	case TIFF:
		return readTIFF(src).err
	case AVIF, HEIC:
		return readISO(src).bounded()
	default: // linear in its bytes, but for frames
		return nil
	}
}

// boundedJPEG counts what a decoder may meet that passes over what lies between
// segments, as libjpeg does, also where Repair left that alone.
func boundedJPEG(src []byte) error {
	r, err := newJPEGReader(src)
	if err != nil {
		return nil //nolint:nilerr // left to the decoder
	}
	scans := tally{parts: "scans", limit: maxScans}
	segments := tally{parts: "segments", limit: maxSegments}
	pixels := tally{parts: "pixels in all its scans", limit: maxScanPixels}
	var frame jpegFrame
	for r.skipToMarker() {
		s, err := r.next()
		if err != nil {
			r.rest = r.rest[2:]
			continue
		}
		if s.marker == markEOI {
			break
		}
		segments.add(1)
		switch {
		case isSOF(s.marker):
			frame, _ = parseFrame(s.marker, s.body)
		case s.marker == markSOS:
			scans.add(1)
			pixels.add(int64(frame.width) * int64(frame.height))
		}
	}
	return firstError(scans.excess(), segments.excess(), pixels.excess())
}

func boundedPNG(src []byte) error {
	packed := tally{parts: "compressed texts and profiles", limit: maxPacked}
	for rest := src[len(pngSignature):]; ; {
		c, after, err := nextPNG(rest)
		if err != nil {
			break
		}
		if c.name == "zTXt" || c.name == "iTXt" || c.name == "iCCP" {
			packed.add(1)
		}
		rest = after
	}
	return packed.excess()
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
