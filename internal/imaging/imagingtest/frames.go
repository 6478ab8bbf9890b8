package imagingtest

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"slices"

	"vitrine.dev/internal/fault"
)

// gifOf has a screen of w by h and n frames of one pixel, each at x, y.
func gifOf(w, h, n, x, y int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(le.AppendUint16([]byte("GIF89a"), uint16(w)), uint16(h))
	b = append(b, 0x80, 0, 0, 0, 0, 0, 255, 255, 255) // two colours
	for range n {
		b = append(b, 0x2C)
		b = le.AppendUint16(le.AppendUint16(b, uint16(x)), uint16(y))
		b = le.AppendUint16(le.AppendUint16(b, 1), 1)
		b = append(b, 0, 2, 2, 0x44, 0x01, 0) // clear, colour 0, end
	}
	return append(b, 0x3B)
}

// webpOf repeats the frames of an animation.
func webpOf(times int) []byte {
	src := Fixture("animated.webp")
	var head, frames [][]byte
	for rest := src[12:]; len(rest) >= 8; {
		n := int(binary.LittleEndian.Uint32(rest[4:]))
		n += 8 + n%2
		if string(rest[:4]) == "ANMF" {
			frames = append(frames, rest[:n])
		} else {
			head = append(head, rest[:n])
		}
		rest = rest[n:]
	}
	return riff(append(head, bytes.Repeat(bytes.Join(frames, nil), times))...)
}

// animatedPNG announces so many frames to decoders that know of them; to all
// others it is one picture.
func animatedPNG(frames uint32) []byte {
	body := PNG(image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{color.White, color.Black}))
	announced := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, frames), 0)
	return slices.Concat(body[:33], pngChunk("acTL", announced), body[33:])
}

// frames are animations that are long, or not what they seem.
func frames() []attack {
	tooMany := []fault.Reason{fault.TooManyPixels}
	mixed := []fault.Reason{fault.TooManyPixels, fault.UnsupportedType}
	return []attack{
		{"gif of 5,000 frames", gifOf(1, 1, 5000, 0, 0), tooMany, false},
		{"gif of 100,000 frames", gifOf(1, 1, 100_000, 0, 0), tooMany, false},
		{"gif of 5,000 frames on a large screen", gifOf(1500, 1500, 5000, 0, 0), tooMany, false},
		{"gif of 90 frames on a large screen", gifOf(1500, 1500, 90, 0, 0), tooMany, false},
		{"gif without a frame", gifOf(9, 9, 0, 0, 0), harmless(), false},
		{"gif whose frame is outside", gifOf(9, 9, 1, 50, 50), harmless(), true},
		{"gif whose frames are outside", gifOf(9, 9, 3, 60000, 60000), harmless(), true},
		{"gif without a screen", gifOf(0, 0, 1, 0, 0), harmless(), true},
		{"webp of 1,000 times its frames", webpOf(1000), mixed, false},
		{"webp without a frame", webpOf(0), harmless(), false},
		{"png of 100,000 frames", animatedPNG(100_000), nil, true},
		{"png of 2³² − 1 frames", animatedPNG(1<<32 - 1), harmless(), true},
		{"png of no frame", animatedPNG(0), harmless(), true},
		{"tiff of 3,000 pages", tiffPages(3000, false), harmless(), true},
		{"tiff whose pages are a ring", tiffPages(1, true), harmless(), true},
		{"tiff whose 1,000 pages are a ring", tiffPages(1000, true), harmless(), true},
	}
}
