package imagingtest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"io"
	"slices"

	"vitrine.dev/internal/fault"
)

// Worst is a picture that needs as much memory as its kind can.
type Worst struct {
	Name  string
	Fails fault.Reason // with libvips; none: it is rendered
	Pure  fault.Reason // in pure Go
	make  func(padding int) []byte
}

// Body returns the file with so many bytes of padding, at least, that mean
// nothing. Files of different paddings are different.
func (w Worst) Body(padding int) []byte { return w.make(padding) }

// WorstCases returns pictures of side by side pixels, animations of as many in
// all their frames, and bombs. All but the photograph and the WebP are made of
// zeros.
func WorstCases(side int) []Worst {
	photo := JPEG(Picture(side, side, 1), 30)
	progressive := BombJPEG(Fixture("progressive.jpg"), uint16(side), uint16(side))
	jpegs := func(body []byte) func(int) []byte {
		return func(padding int) []byte { return padJPEG(body, padding) }
	}
	pngs := func(depth, kind, interlaced byte, bytesPerPixel int) func(int) []byte {
		body := zeroPNG(side, depth, kind, interlaced, bytesPerPixel)
		return func(padding int) []byte { return padPNG(body, padding) }
	}
	tiffs := func(w, h, samples, bits int, planes bool) func(int) []byte {
		body := zeroTIFF(w, h, samples, bits, planes)
		return func(padding int) []byte { return append(slices.Clip(body), make([]byte, padding)...) }
	}
	animated := zeroGIF(side/10, 100)
	apngs := func(body []byte) func(int) []byte { return func(padding int) []byte { return padPNG(body, padding) } }
	webp := webpOf(side * side / (FixtureWidth * FixtureHeight) / 3)
	const none, many, damaged, unknown = "", fault.TooManyPixels, fault.DecodeFailed, fault.UnsupportedType
	return []Worst{
		{"baseline jpeg", none, none, jpegs(photo)},
		// The scans end early, when the coefficients have their memory.
		{"progressive jpeg", damaged, damaged, jpegs(progressive)},
		{"png of 16 bits with alpha", none, none, pngs(16, 6, 0, 8)},
		{"png of 16 bits with alpha, interlaced", none, none, pngs(16, 6, 1, 8)},
		{"png with a palette, interlaced", none, none, pngs(8, 3, 1, 1)},
		{"tiff of 16 bits with alpha in one strip", none, none, tiffs(side, side, 4, 16, false)},
		// The most channels and the widest that are accepted, and beyond.
		{"tiff of 11 channels in planes", none, damaged, tiffs(side, side, 11, 8, true)},
		{"tiff of 64 channels of 32 bits in planes", many, unknown, tiffs(side, side, 64, 32, true)},
		{"tiff of 16 rows", none, none, tiffs(side*side/32, 16, 4, 16, false)},
		{"tiff of one row", many, many, tiffs(side*side, 1, 4, 16, false)},
		{"gif of 100 frames", none, none, func(padding int) []byte { return padGIF(animated, padding) }},
		{"png of 100 frames of 16 bits with alpha", none, none, apngs(zeroAPNG(side/10, 100, 0))},
		{"png of 2 frames of 16 bits with alpha, interlaced", none, none, apngs(zeroAPNG(side*6/10, 2, 1))},
		{"webp of many frames", none, none, func(padding int) []byte {
			return riff(webp[12:], webpChunk("EVIL", make([]byte, padding&^1)))
		}},
		{"png of 30,000²", many, many, func(padding int) []byte { return append(BombPNG(bombSide, bombSide), make([]byte, padding)...) }},
		{"jpeg of 30,000²", many, many, jpegs(BombJPEG(Fixture("progressive.jpg"), bombSide, bombSide))},
	}
}

func padJPEG(body []byte, padding int) []byte {
	out := slices.Clone(body[:2])
	for padding > 0 {
		n := min(padding, 65_000)
		out = append(out, segment(0xFE, make([]byte, n))...)
		padding -= n
	}
	return append(out, body[2:]...)
}

func padPNG(body []byte, padding int) []byte {
	return slices.Concat(body[:33], pngChunk("viTr", make([]byte, padding)), body[33:])
}

func padGIF(body []byte, padding int) []byte {
	at := 13
	if body[10]&0x80 != 0 {
		at += 3 << (body[10]&7 + 1)
	}
	comment := append([]byte{0x21, 0xFE}, bytes.Repeat(append([]byte{255}, make([]byte, 255)...), padding/256+1)...)
	comment = append(comment, byte(1+padding%255))
	comment = append(comment, make([]byte, 1+padding%255)...)
	return slices.Concat(body[:at], comment, []byte{0}, body[at:])
}

// zeros deflates n of them.
func zeros(n int64) []byte {
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	must(err)
	_, err = io.CopyN(z, zeroReader{}, n)
	must(err)
	must(z.Close())
	return b.Bytes()
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// zeroPNG is a square of zeros in the depth and kind of colour of a header.
func zeroPNG(side int, depth, kind, interlaced byte, bytesPerPixel int) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(side))
	head = append(binary.BigEndian.AppendUint32(head, uint32(side)), depth, kind, 0, 0, interlaced)
	size := int64(0)
	rows := func(w, h int) {
		if w > 0 && h > 0 {
			size += int64(h) * int64(1+w*bytesPerPixel)
		}
	}
	if interlaced == 0 {
		rows(side, side)
	} else { // Adam7: first column and row of each pass, and their distances
		for _, p := range [7][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
			rows((side-p[0]+p[2]-1)/p[2], (side-p[1]+p[3]-1)/p[3])
		}
	}
	out := slices.Concat([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", head))
	if kind == 3 {
		out = append(out, pngChunk("PLTE", make([]byte, 768))...)
	}
	return slices.Concat(out, pngChunk("IDAT", zeros(size)), pngChunk("IEND", nil))
}

// zeroGIF has so many frames, all of one colour.
func zeroGIF(side, frames int) []byte {
	still := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.Black, color.White})
	g := &gif.GIF{Image: slices.Repeat([]*image.Paletted{still}, frames), Delay: make([]int, frames)}
	var b bytes.Buffer
	must(gif.EncodeAll(&b, g))
	return b.Bytes()
}

// zeroAPNG has so many frames of zeros, in 16 bits with alpha, each with its
// past to be restored.
func zeroAPNG(side, frames int, interlaced byte) []byte {
	be := binary.BigEndian
	still := zeroPNG(side, 16, 6, interlaced, 8)
	pixels := chunksOf(still, "IDAT")
	pixels = pixels[8 : len(pixels)-4]
	frame := APNGFrame{Image: image.NewAlpha(image.Rect(0, 0, side, side)), Num: 1, Den: 10, Dispose: 2, Over: true}
	out := slices.Concat(still[:33], pngChunk("acTL", be.AppendUint32(be.AppendUint32(nil, uint32(frames)), 0)),
		fcTL(0, frame), pngChunk("IDAT", pixels))
	for i := range uint32(frames - 1) {
		out = append(out, fcTL(2*i+1, frame)...)
		out = append(out, pngChunk("fdAT", append(be.AppendUint32(nil, 2*i+2), pixels...))...)
	}
	return append(out, pngChunk("IEND", nil)...)
}
