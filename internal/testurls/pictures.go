package testurls

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"vitrine.dev/internal/fault"
)

// etag is the same for requests of the same picture.
func (r request) etag() string {
	sum := r.sum()
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

func (r request) sum() [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s %d %d %q", r.name, r.width, r.height, r.seed))
}

// body is what the host would send.
func (r request) body() ([]byte, error) {
	switch fault.Reason(r.name) {
	case fault.TooManyPixels:
		return enormous()
	case fault.TooComplex:
		return ofManyScans()
	case fault.UnsupportedType:
		return []byte("<!doctype html><title>This is no picture</title>\n"), nil
	case fault.DecodeFailed:
		whole, err := encoded(pattern{sum: r.sum(), width: defaultWidth, height: defaultHeight})
		return whole[:len(whole)/2], err
	default:
		return encoded(pattern{sum: r.sum(), width: r.width, height: r.height})
	}
}

func encoded(picture image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, picture)
	return b.Bytes(), err
}

// pattern is a picture of 8 × 8 fields, whose colours come of a hash. It is calculated
// pixel by pixel, so that it takes no memory.
type pattern struct {
	sum           [sha256.Size]byte
	width, height int
}

const fields = 8 // across and down

// ColorModel implements image.Image.
func (pattern) ColorModel() color.Model { return color.RGBAModel }

// Bounds implements image.Image.
func (p pattern) Bounds() image.Rectangle { return image.Rect(0, 0, p.width, p.height) }

// Opaque has the picture encoded without transparency.
func (pattern) Opaque() bool { return true }

// At implements image.Image.
func (p pattern) At(x, y int) color.Color {
	field := y*fields/p.height*fields + x*fields/p.width
	part := func(n int) uint8 { return p.sum[(field*3+n)%len(p.sum)] ^ uint8(field*37) } //nolint:gosec // any bits will do
	return color.RGBA{R: part(0), G: part(1), B: part(2), A: 0xFF}
}

// enormous is a PNG whose header tells of 10^12 pixels, more than any limit.
func enormous() ([]byte, error) {
	const ihdr, side = 8 + 4, 1_000_000 // behind the signature and the length of the chunk: type and data
	b, err := encoded(pattern{width: 1, height: 1})
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint32(b[ihdr+4:], side)
	binary.BigEndian.PutUint32(b[ihdr+8:], side)
	binary.BigEndian.PutUint32(b[ihdr+4+13:], crc32.ChecksumIEEE(b[ihdr:ihdr+4+13]))
	return b, nil
}

// ofManyScans is a JPEG that has its one scan a thousand times.
func ofManyScans() ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, pattern{width: 64, height: 48}, nil); err != nil {
		return nil, err
	}
	whole := b.Bytes()
	end := len(whole) - 2 // of the scan: the marker that ends the file
	scan := bytes.Index(whole, []byte{0xFF, 0xDA})
	return append(append(whole[:scan:scan], bytes.Repeat(whole[scan:end], 1000)...), whole[end:]...), nil
}
