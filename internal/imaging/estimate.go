package imaging

import (
	"math"
	"time"

	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/media"
)

// What a pixel takes, in nanoseconds of a core: rather too much than too little.
// A photograph of 12 megapixels takes 280 ms (docs/benchmarks.md), and is
// estimated at twice that.
const (
	decodeJPEG   = 8  // which is made smaller while it is read
	decodeWhole  = 25 // progressive
	decodeOther  = 40
	decodeAV     = 80 // AVIF and HEIC
	encodeOne    = 60
	encodeExact  = 180 // also without loss
	encodeFrame  = 150 // of an animation
	encodeAVIF   = 500
	estimateBase = 50 * time.Millisecond
)

// Estimate returns about how long it takes to render the source, by what its
// header says, and math.MaxInt64 where that says nothing. No pixel is decoded.
func Estimate(source []byte, p media.Preset) time.Duration {
	info := imagefile.Inspect(source)
	width, height := info.Width, info.Height
	const side = 1 << 16
	if info.Format == imagefile.Unknown || width < 1 || height < 1 || width > side || height > side {
		return math.MaxInt64
	}
	decode, encode := float64(decodeOther), float64(encodeOne)
	switch {
	case info.Format == imagefile.AVIF || info.Format == imagefile.HEIC:
		decode = decodeAV
	case info.Format == imagefile.JPEG && info.Whole:
		decode = decodeWhole
	case info.Format == imagefile.JPEG:
		decode = decodeJPEG
	}
	frames := float64(max(info.Frames, 1))
	switch {
	case frames > 1:
		encode = encodeFrame
	case info.Lossless || info.Format == imagefile.PNG || info.Format == imagefile.GIF:
		encode = encodeExact
	}
	if p.AVIFQuality > 0 {
		encode += encodeAVIF
	}
	out := 0
	for _, t := range targetsOf(int(width), int(height), p) {
		out += t.pixels()
	}
	nanoseconds := frames * (float64(width)*float64(height)*decode + float64(out)*encode)
	if nanoseconds > float64(time.Hour) {
		return math.MaxInt64
	}
	return estimateBase + time.Duration(nanoseconds)
}
