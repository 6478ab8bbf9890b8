package imagingtest

import (
	"bytes"
	"embed"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/png"

	"golang.org/x/image/tiff"
)

// The size of Picture(…, 1) in the kept files.
const (
	FixtureWidth  = 240
	FixtureHeight = 180
)

//go:embed testdata
var kept embed.FS

// Fixture returns a kept file.
func Fixture(name string) []byte {
	body, err := kept.ReadFile("testdata/" + name)
	if err != nil {
		panic(fmt.Sprintf("imagingtest: %v", err)) // a test names a file that is not there
	}
	return body
}

// PNG encodes the picture.
func PNG(img image.Image) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, img))
	return b.Bytes()
}

// TIFF encodes the picture with Deflate.
func TIFF(img image.Image) []byte {
	var b bytes.Buffer
	must(tiff.Encode(&b, img, &tiff.Options{Compression: tiff.Deflate, Predictor: true}))
	return b.Bytes()
}

// TransparentPNG is a disc of orange in front of nothing: the corners are
// transparent, the middle is not, the rim is between.
func TransparentPNG(w, h int) []byte { return PNG(transparent(w, h)) }

func transparent(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := min(w, h) * 2 / 5
	for y := range h {
		for x := range w {
			dx, dy := x-w/2, y-h/2
			c := color.NRGBA{R: 250, G: 140, B: uint8(20 + x*40/w)}
			if d := dx*dx + dy*dy; d < r*r {
				c.A = uint8(min(255, (r*r-d)*1024/(r*r)))
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// OpaquePNG has an alpha channel that hides nothing.
func OpaquePNG(w, h int) []byte {
	photo := Picture(w, h, 3)
	img := image.NewNRGBA64(photo.Rect) // the encoder drops an opaque 8 bit channel
	draw.Draw(img, img.Rect, photo, image.Point{}, draw.Src)
	img.SetNRGBA64(0, 0, color.NRGBA64{R: 0xD2D2, G: 0x2828, B: 0x2828, A: 0xFFFE})
	return PNG(img)
}

// PalettePNG has 216 colours.
func PalettePNG(img image.Image) []byte { return PNG(paletted(img)) }

func paletted(img image.Image) *image.Paletted {
	if p, ok := img.(*image.Paletted); ok {
		return p
	}
	p := image.NewPaletted(img.Bounds(), palette.WebSafe)
	for y := p.Rect.Min.Y; y < p.Rect.Max.Y; y++ {
		for x := p.Rect.Min.X; x < p.Rect.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			level := func(v uint32) uint32 { return (v>>8 + 25) / 51 }
			p.SetColorIndex(x, y, uint8(36*level(r)+6*level(g)+level(b)))
		}
	}
	return p
}

// DeepPNG has 16 bits for each channel.
func DeepPNG(img image.Image) []byte {
	deep := image.NewRGBA64(img.Bounds())
	draw.Draw(deep, deep.Rect, img, img.Bounds().Min, draw.Src)
	return PNG(deep)
}

// Grey returns the picture without colours.
func Grey(img image.Image) *image.Gray {
	g := image.NewGray(img.Bounds())
	draw.Draw(g, g.Rect, img, img.Bounds().Min, draw.Src)
	return g
}

// GIF encodes the picture with 216 colours.
func GIF(img image.Image) []byte {
	var b bytes.Buffer
	must(gif.Encode(&b, paletted(img), nil))
	return b.Bytes()
}

// AnimatedGIF has so many frames, each another picture, of 70 ms.
func AnimatedGIF(w, h, frames int) []byte {
	g := &gif.GIF{}
	for i := range frames {
		g.Image = append(g.Image, paletted(Picture(w, h, uint64(i+1))))
		g.Delay = append(g.Delay, 7)
	}
	var b bytes.Buffer
	must(gif.EncodeAll(&b, g))
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic("imagingtest: " + err.Error()) // a buffer takes every byte
	}
}
