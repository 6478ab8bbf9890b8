package imagingtest

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"slices"
)

// APNGFrame is a frame of an animated PNG. Its picture stands at its own bounds
// on the canvas.
type APNGFrame struct {
	Image    image.Image
	Num, Den uint16 // of the delay in seconds
	Dispose  byte   // 0: leave it, 1: clear it, 2: restore what was there
	Over     bool   // blend; else replace
}

// APNG encodes an animation whose first frame is the still picture, or comes
// after it where there is one that is no frame. All pictures have to be of one
// kind for the encoder of PNG: it is that of the first.
func APNG(still image.Image, plays uint32, frames ...APNGFrame) []byte {
	be := binary.BigEndian
	shown := still
	if shown == nil {
		shown = frames[0].Image
	}
	body := PNG(shown)
	out := slices.Concat(body[:33], pngChunk("acTL", be.AppendUint32(be.AppendUint32(nil, uint32(len(frames))), plays)))
	out = append(out, chunksOf(body, "PLTE", "tRNS")...)
	if still != nil {
		out = append(out, chunksOf(body, "IDAT")...)
	}
	sequence := uint32(0)
	for i, f := range frames {
		out = append(out, fcTL(sequence, f)...)
		sequence++
		pixels := PNG(f.Image)
		if i == 0 && still == nil {
			out = append(out, chunksOf(pixels, "IDAT")...)
			continue
		}
		data := chunksOf(pixels, "IDAT")
		for len(data) > 0 {
			n := be.Uint32(data)
			out = append(out, pngChunk("fdAT", append(be.AppendUint32(nil, sequence), data[8:8+n]...))...)
			data = data[12+n:]
			sequence++
		}
	}
	return append(out, pngChunk("IEND", nil)...)
}

// fcTL is the chunk that announces a frame.
func fcTL(sequence uint32, f APNGFrame) []byte {
	be := binary.BigEndian
	b := f.Image.Bounds()
	body := be.AppendUint32(nil, sequence)
	for _, v := range []int{b.Dx(), b.Dy(), b.Min.X, b.Min.Y} {
		body = be.AppendUint32(body, uint32(v))
	}
	body = be.AppendUint16(be.AppendUint16(body, f.Num), f.Den)
	over := byte(0)
	if f.Over {
		over = 1
	}
	return pngChunk("fcTL", append(body, f.Dispose, over))
}

// chunksOf returns the chunks of the names, in their order.
func chunksOf(body []byte, names ...string) (out []byte) {
	for rest := body[8:]; len(rest) >= 12; {
		n := 12 + binary.BigEndian.Uint32(rest)
		if slices.Contains(names, string(rest[4:8])) {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	return out
}

// AnimatedPNG has so many frames, each another picture of the size, of 70 ms.
func AnimatedPNG(w, h, frames int) []byte {
	var list []APNGFrame
	for i := range frames {
		list = append(list, APNGFrame{Image: Picture(w, h, uint64(i+1)), Num: 7, Den: 100})
	}
	return APNG(nil, 0, list...)
}

// Flat is a rectangle of one colour.
func Flat(r image.Rectangle, c color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(r)
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

// damaged are animated PNGs that break a rule; what they show is the still
// picture in them.
func damaged() map[string][]byte {
	frame := func(i int) APNGFrame { return APNGFrame{Image: Picture(9, 9, uint64(i+1)), Num: 1, Den: 10} }
	good := func() []byte { return APNG(nil, 0, frame(0), frame(1), frame(2)) }
	be := binary.BigEndian
	// edit changes the n-th chunk of the name.
	edit := func(name string, n int, change func(body []byte)) []byte {
		out := []byte(nil)
		body := good()
		out = append(out, body[:8]...)
		for rest := body[8:]; len(rest) >= 12; {
			size := be.Uint32(rest)
			data := slices.Clone(rest[8 : 8+size])
			if string(rest[4:8]) == name {
				if n == 0 {
					change(data)
				}
				n--
			}
			out = append(out, pngChunk(string(rest[4:8]), data)...)
			rest = rest[12+size:]
		}
		return out
	}
	without := func(name string) []byte {
		body := good()
		at := bytes.Index(body, []byte(name)) - 4
		return slices.Concat(body[:at], body[at+12+int(be.Uint32(body[at:])):])
	}
	put := func(at int, v uint32) func([]byte) { return func(b []byte) { be.PutUint32(b[at:], v) } }
	controls := chunksOf(good(), "fcTL")
	twice := bytes.Replace(good(), controls[38:76], slices.Concat(controls[38:76], controls[38:76]), 1)
	return map[string][]byte{
		"announces too few frames":       edit("acTL", 0, put(0, 2)),
		"announces too many frames":      edit("acTL", 0, put(0, 4)),
		"announces 2³² − 1 frames":       edit("acTL", 0, put(0, 1<<32-1)),
		"has a number twice":             edit("fdAT", 1, put(0, 2)),
		"leaves a number out":            edit("fcTL", 1, put(0, 2)),
		"is out of order":                edit("fdAT", 0, put(0, 4)),
		"has a frame right of it":        edit("fcTL", 1, put(12, 1)),
		"has a frame below it":           edit("fcTL", 2, put(16, 1)),
		"has a frame of 2³² − 1":         edit("fcTL", 2, put(4, 1<<32-1)),
		"has a frame at 2³² − 1":         edit("fcTL", 2, put(12, 1<<32-1)),
		"has a frame of no width":        edit("fcTL", 1, put(4, 0)),
		"begins with a smaller frame":    edit("fcTL", 0, put(4, 8)),
		"disposes in an unknown way":     edit("fcTL", 1, func(b []byte) { b[24] = 3 }),
		"blends in an unknown way":       edit("fcTL", 1, func(b []byte) { b[25] = 2 }),
		"has a frame without pixels":     twice,
		"has pixels without a frame":     without("fcTL"),
		"lacks the pixels of the second": without("fdAT"),
	}
}
