// Package engine is what the steps of imaging need of an engine: to read a
// header, to decode once, to resize and to encode. Everything else (limits,
// sizes, the choice of formats and qualities) is the same for all engines and
// is in package imaging.
package engine

import (
	"context"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/imagefile"
)

// Engine is an engine. It is safe for concurrent use. Its errors are
// *fault.Failure, but for a ctx that is done.
type Engine interface {
	// Name is the engine and its version, as in "libvips 8.14.1".
	Name() string
	// Encodes reports whether Picture.Encode can write the format.
	Encodes(f imagefile.Format) bool
	// Header reads size and frames without decoding a pixel.
	// UnsupportedType where the engine cannot decode such files, DecodeFailed
	// where the header is broken.
	Header(src Source) (Header, error)
	// Cost is what is held at once while the source is decoded to width by
	// height and encoded: in pixels, each of which stands for up to
	// BytesPerPixel.
	Cost(src Source, h Header, width, height int) int64
	// Heaviest is what a pixel of any ordinary picture costs at most. A picture
	// that costs as much as more of such pixels than are accepted is refused.
	Heaviest() int64
	// Decode returns the picture at width by height: upright, in 8 bit sRGB or
	// grey, with alpha only where a pixel is transparent. Width and height are
	// upright and no larger than the source. DecodeFailed where the file is
	// truncated or corrupt, be it at its last byte.
	Decode(ctx context.Context, src Source, h Header, width, height int) (Picture, error)
}

// BytesPerPixel bounds the memory of a pixel of Cost, copies in work included.
// It was measured: see docs/operations.md.
const BytesPerPixel = 16

// Source is a file to be decoded.
type Source struct {
	imagefile.Info

	Body []byte
}

// Header is the size of a source as it is stored, before it is rotated upright.
type Header struct {
	Width, Height int // of one frame
	Frames        int // 1 unless it is an animation

	// What Cost has to know of a pixel; an engine sets what its own asks for.
	Deep       bool // it has more than 8 bits a channel
	Channels   int
	PixelBytes int  // of all channels together, as they are decoded
	Played     bool // its frames are drawn by package animation
}

// Upright returns the size after the orientation (1 to 8) is obeyed.
func (h Header) Upright(orientation int) (width, height int) {
	if orientation >= 5 {
		return h.Height, h.Width
	}
	return h.Width, h.Height
}

// Picture is decoded pixels, of one frame or of an animation. It is not safe
// for concurrent use and must be closed.
type Picture interface {
	Size() (width, height int)
	Frames() int
	// Alpha reports whether a pixel is transparent.
	Alpha() bool
	// Still returns the first frame.
	Still() Picture
	// Sample returns parts from all over the first frame, put together to
	// SampleSide squared pixels, to be encoded in its place; the whole frame
	// where a side of it is no longer than that.
	Sample(ctx context.Context) (Picture, error)
	// Resize returns the picture made smaller. The receiver stays usable.
	Resize(ctx context.Context, width, height int) (Picture, error)
	// Encode writes the picture without any metadata.
	Encode(ctx context.Context, e Encoding) ([]byte, error)
	Close()
}

// Encoding says how a picture is written.
type Encoding struct {
	Format   imagefile.Format
	Quality  int  // 1 to 100; of no meaning without loss
	Lossless bool // of WebP; PNG is so always
	Fast     bool // without loss: as fast as can be, for an estimate of the size
}

// A sample is a square of SampleTiles by SampleTiles tiles, each a square too.
const (
	SampleSide  = 256
	SampleTiles = 4
	SampleTile  = SampleSide / SampleTiles
)

// SampleAt is where tile i of SampleTiles begins on a side of the length.
func SampleAt(i, length int) int { return (length - SampleTile) * i / (SampleTiles - 1) }

// Broken is the failure of a source that cannot be decoded to its end.
func Broken(cause error) error {
	return fault.Fail(fault.DecodeFailed, "The picture is truncated or damaged.", cause)
}

// Unsupported is the failure of a source that the engine cannot decode. The
// detail is one sentence that a client may read.
func Unsupported(detail string, cause error) error {
	return fault.Fail(fault.UnsupportedType, detail, cause)
}

// Crashed is the failure of work on pixels that ought not to fail.
func Crashed(cause error) error {
	return fault.Fail(fault.DecoderCrashed, "The picture could not be processed.", cause)
}
