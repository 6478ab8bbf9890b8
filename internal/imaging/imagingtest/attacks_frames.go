package imagingtest

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
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

// smallGIF has frames of one colour on a screen that they need not cover, and
// no colour that is transparent.
func smallGIF(screen image.Rectangle, disposal byte, frames ...image.Rectangle) []byte {
	g := &gif.GIF{Config: image.Config{Width: screen.Dx(), Height: screen.Dy()}}
	for i, r := range frames {
		img := image.NewPaletted(r, color.Palette{color.Black, color.NRGBA{R: 255, A: 255}, color.NRGBA{G: 200, A: 255}})
		for k := range img.Pix {
			img.Pix[k] = byte(1 + i%2)
		}
		g.Image, g.Delay, g.Disposal = append(g.Image, img), append(g.Delay, 7), append(g.Disposal, disposal)
	}
	var b bytes.Buffer
	must(gif.EncodeAll(&b, g))
	return b.Bytes()
}

// offsetWebP has so many frames, at 24, 18 on a canvas of 144 by 108 that says
// it is opaque.
func offsetWebP(frames int) []byte {
	src := Fixture("animated.webp")
	var head, kept [][]byte
	for rest := src[12:]; len(rest) >= 8; {
		n := int(binary.LittleEndian.Uint32(rest[4:]))
		n += 8 + n%2
		chunk := slices.Clone(rest[:n])
		switch string(rest[:4]) {
		case "VP8X":
			chunk[8] &^= 0x10
			chunk[12], chunk[15] = 144-1, 108-1
			head = append(head, chunk)
		case "ANMF":
			chunk[8], chunk[11] = 24/2, 18/2
			kept = append(kept, chunk)
		default:
			head = append(head, chunk)
		}
		rest = rest[n:]
	}
	return riff(append(head, kept[:frames]...)...)
}

// Sequence appends what makes an image sequence of an AVIF or HEIC file: a
// track of so many pictures.
func Sequence(body []byte, pictures uint32) []byte {
	be := binary.BigEndian
	box := func(kind string, parts ...[]byte) []byte {
		content := bytes.Join(parts, nil)
		return slices.Concat(be.AppendUint32(nil, uint32(8+len(content))), []byte(kind), content)
	}
	hdlr := box("hdlr", make([]byte, 8), []byte("pict"), make([]byte, 13))
	stsz := box("stsz", make([]byte, 4), be.AppendUint32(nil, 9), be.AppendUint32(nil, pictures))
	return slices.Concat(body, box("moov", box("trak", box("mdia", hdlr, box("minf", box("stbl", stsz))))))
}

// framePixels is an animated PNG of two frames, the second of other pixels.
func framePixels(data []byte) []byte {
	still := image.NewGray(image.Rect(0, 0, 9, 9))
	body := APNG(nil, 0, APNGFrame{Image: still}, APNGFrame{Image: still})
	at := bytes.Index(body, []byte("fdAT")) - 4
	other := pngChunk("fdAT", append([]byte{0, 0, 0, 2}, data...))
	return slices.Concat(body[:at], other, body[at+12+int(binary.BigEndian.Uint32(body[at:])):])
}

// hugeGIF has a second frame of 65,535² pixels on a small screen.
func hugeGIF() []byte {
	body := gifOf(9, 9, 2, 0, 0)
	at := bytes.LastIndexByte(body, 0x2C)
	binary.LittleEndian.PutUint16(body[at+5:], 65535)
	binary.LittleEndian.PutUint16(body[at+7:], 65535)
	return body
}

// frames are animations that are long, or not what they seem.
func frames() []attack {
	tooMany := []fault.Reason{fault.TooManyPixels}
	mixed := []fault.Reason{fault.TooManyPixels, fault.UnsupportedType}
	dot := APNGFrame{Image: image.NewGray(image.Rect(0, 0, 1, 1))}
	var rules []attack
	for name, body := range damaged() {
		rules = append(rules, attack{"png that " + name, body, nil, true})
	}
	return append(rules, []attack{
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
		{"gif whose second frame is of 65,535²", hugeGIF(), harmless(), true},
		{"png of 5,000 frames", APNG(nil, 0, slices.Repeat([]APNGFrame{dot}, 5000)...), tooMany, false},
		{"png of 90 frames on a large canvas", APNG(Grey(Picture(1500, 1500, 1)), 0, slices.Repeat([]APNGFrame{dot}, 90)...), tooMany, true}, // where only the first is decoded
		{"png of 100 frames without a delay", APNG(nil, 0, slices.Repeat([]APNGFrame{dot}, 100)...), nil, true},
		{"png whose frame has too few pixels", framePixels(zeros(9)), []fault.Reason{fault.DecodeFailed}, true},
		{"png whose frame inflates to 200 MB", framePixels(zeros(200_000_000)), []fault.Reason{fault.DecodeFailed}, true},
		{"png whose frame is not deflated", framePixels(make([]byte, 99)), []fault.Reason{fault.DecodeFailed}, true},
		{"avif of 2³² − 1 pictures", Sequence(Fixture("photo.avif"), 1<<32-1), harmless(), true},
		{"tiff of 3,000 pages", tiffPages(3000, false), harmless(), true},
		{"tiff whose pages are a ring", tiffPages(1, true), harmless(), true},
		{"tiff whose 1,000 pages are a ring", tiffPages(1000, true), harmless(), true},
	}...)
}
