package imagingtest

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
)

// Quality is the JPEG quality of Photo, that of a camera.
const Quality = 92

// Photo returns a baseline JPEG of w by h pixels that looks to a codec like a
// photograph. Equal arguments give equal bytes; another seed gives another
// picture.
func Photo(w, h int, seed uint64) []byte {
	return JPEG(Picture(w, h, seed), Quality)
}

// JPEG encodes the picture as a baseline JPEG.
func JPEG(img image.Image, quality int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		panic("imagingtest: encode jpeg: " + err.Error()) // a buffer takes every byte
	}
	return b.Bytes()
}

// Picture draws what Photo encodes.
func Picture(w, h int, seed uint64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	noise := seed*0x9E3779B97F4A7C15 + 1
	discs := discsOf(w, h, seed)
	corner := max(1, min(w, h)/5)
	for y := range h {
		row := img.Pix[y*img.Stride : y*img.Stride+4*w]
		wave := waveOf(y, h, seed)
		discs := crossing(discs, y)
		for x := range w {
			c := scene(x, y, w, h, wave, discs)
			if mark, ok := cornerColor(x, y, w, h, corner); ok {
				c = mark
			}
			noise ^= noise << 13
			noise ^= noise >> 7
			noise ^= noise << 17
			grain := int(noise&7) + int(noise>>8&7) - 7
			row[4*x] = clamp(int(c.R) + grain)
			row[4*x+1] = clamp(int(c.G) + grain)
			row[4*x+2] = clamp(int(c.B) + grain)
			row[4*x+3] = 255
		}
	}
	return img
}

// disc is a round thing in the scene.
type disc struct {
	x, y, r2 int
	c        color.RGBA
}

func discsOf(w, h int, seed uint64) []disc {
	s := seed ^ 0xD1B54A32D192ED03
	next := func(n int) int {
		s = s*6364136223846793005 + 1442695040888963407
		return int(s>>33) % max(n, 1)
	}
	discs := make([]disc, 12)
	for i := range discs {
		r := max(1, min(w, h)/16+next(min(w, h)/8))
		discs[i] = disc{
			x: next(w), y: next(h), r2: r * r,
			c: color.RGBA{R: uint8(next(256)), G: uint8(next(256)), B: uint8(next(256)), A: 255},
		}
	}
	return discs
}

// crossing returns the discs that the row goes through.
func crossing(discs []disc, y int) (some []disc) {
	for _, d := range discs {
		if (y-d.y)*(y-d.y) < d.r2 {
			some = append(some, d)
		}
	}
	return some
}

func waveOf(y, h int, seed uint64) int {
	return int(20 * math.Sin(float64(y)*40/float64(h)+float64(seed%7)))
}

// scene is a sky over a ground with discs in front.
func scene(x, y, w, h, wave int, discs []disc) color.RGBA {
	for _, d := range discs {
		dx, dy := x-d.x, y-d.y
		if q := dx*dx + dy*dy; q < d.r2 {
			shade := q * 64 / d.r2
			return color.RGBA{
				R: clamp(int(d.c.R) - shade), G: clamp(int(d.c.G) - shade), B: clamp(int(d.c.B) - shade), A: 255,
			}
		}
	}
	down, right := y*255/h, x*255/w
	if down < 140+wave/2 {
		return color.RGBA{R: clamp(90 + down/2), G: clamp(130 + down/3 + right/8), B: clamp(230 - down/4), A: 255}
	}
	grass := (x*7 ^ y*3) & 31
	return color.RGBA{R: clamp(60 + right/4 + grass), G: clamp(110 + wave + grass), B: clamp(40 + down/8 + grass/2), A: 255}
}

// Corners are the colours of the corners of an upright Picture: top left, top
// right, bottom right, bottom left. Each fills a square of a fifth of the
// shorter side.
func Corners() [4]color.RGBA {
	return [4]color.RGBA{
		{R: 210, G: 40, B: 40, A: 255},
		{R: 40, G: 190, B: 60, A: 255},
		{R: 50, G: 60, B: 200, A: 255},
		{R: 220, G: 210, B: 60, A: 255},
	}
}

func cornerColor(x, y, w, h, size int) (color.RGBA, bool) {
	left, right := x < size, x >= w-size
	top, bottom := y < size, y >= h-size
	c := Corners()
	switch {
	case top && left:
		return c[0], true
	case top && right:
		return c[1], true
	case bottom && right:
		return c[2], true
	case bottom && left:
		return c[3], true
	default:
		return color.RGBA{}, false
	}
}

func clamp(v int) uint8 { return uint8(min(max(v, 0), 255)) }
