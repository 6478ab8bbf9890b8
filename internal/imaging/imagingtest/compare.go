package imagingtest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	_ "image/gif" // what is published may be any of these
	_ "image/jpeg"
	_ "image/png"
	"math"
	"strings"
	"testing"

	"golang.org/x/image/webp"

	"vitrine.dev/internal/media"
)

// MaxDifference is how far, of 255 and on the average, the colours of a result
// may be from those of its source, compared in cells of a grid so that what
// compression does to the grain of single pixels does not count.
const MaxDifference = 2.5

// Decode decodes a published file, but for AVIF and animated WebP.
func Decode(t *testing.T, body []byte) image.Image {
	t.Helper()
	img, format, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("what is published cannot be decoded: %v", err)
	}
	if format == "webp" {
		fullRange(img)
	}
	return img
}

// fullRange undoes that the decoder takes the narrow range of VP8 for full.
func fullRange(img image.Image) {
	var p *image.YCbCr
	switch img := img.(type) {
	case *image.YCbCr:
		p = img
	case *image.NYCbCrA:
		p = &img.YCbCr
	default:
		return
	}
	for i, v := range p.Y {
		p.Y[i] = clamp(int(math.Round(float64(int(v)-16) * 255 / 219)))
	}
	for _, c := range [][]byte{p.Cb, p.Cr} {
		for i, v := range c {
			c[i] = clamp(int(math.Round(float64(int(v)-128)*255/224)) + 128)
		}
	}
}

// sizeOf reads the size from the file itself.
func sizeOf(t *testing.T, e media.Encoded) (w, h int) {
	t.Helper()
	if e.Format == "avif" {
		i := bytes.Index(e.Body, []byte("ispe")) // ImageSpatialExtentsProperty
		if i < 0 || i+16 > len(e.Body) {
			t.Fatal("AVIF without a size")
		}
		return int(binary.BigEndian.Uint32(e.Body[i+8:])), int(binary.BigEndian.Uint32(e.Body[i+12:]))
	}
	if e.Format == "gif" { // whose first frame may be smaller
		return int(binary.LittleEndian.Uint16(e.Body[6:])), int(binary.LittleEndian.Uint16(e.Body[8:]))
	}
	if w, h, ok := canvas(e.Body); ok {
		return w, h
	}
	b := Decode(t, e.Body).Bounds()
	return b.Dx(), b.Dy()
}

// canvas reads the size of an extended WebP file.
func canvas(body []byte) (w, h int, ok bool) {
	if len(body) < 30 || string(body[8:16]) != "WEBPVP8X" {
		return 0, 0, false
	}
	three := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
	return three(body[24:]) + 1, three(body[27:]) + 1, true
}

// MeanDifference compares two pictures of the same shape.
func MeanDifference(a, b image.Image) float64 {
	const cells = 12
	sum := 0.0
	for y := range cells {
		for x := range cells {
			ca, cb := cell(a, x, y, cells), cell(b, x, y, cells)
			for k := range ca {
				sum += math.Abs(ca[k] - cb[k])
			}
		}
	}
	return sum / (cells * cells * 3)
}

// cell is the mean colour of one cell.
func cell(img image.Image, x, y, cells int) (mean [3]float64) {
	b := img.Bounds()
	x0, x1 := b.Min.X+x*b.Dx()/cells, b.Min.X+max((x+1)*b.Dx()/cells, x*b.Dx()/cells+1)
	y0, y1 := b.Min.Y+y*b.Dy()/cells, b.Min.Y+max((y+1)*b.Dy()/cells, y*b.Dy()/cells+1)
	const samples = 16 // in each direction suffice
	stepX, stepY, n := max(1, (x1-x0)/samples), max(1, (y1-y0)/samples), 0.0
	for py := y0; py < y1; py += stepY {
		for px := x0; px < x1; px += stepX {
			n++
			r, g, b, _ := img.At(px, py).RGBA()
			mean[0] += float64(r) / 257
			mean[1] += float64(g) / 257
			mean[2] += float64(b) / 257
		}
	}
	for k := range mean {
		mean[k] /= n
	}
	return mean
}

func checkColours(t *testing.T, body []byte, source image.Image, bound float64) {
	t.Helper()
	if d := MeanDifference(Decode(t, body), source); d > bound {
		t.Errorf("colours are off by %.2f on the average, at most %.1f are allowed", d, bound)
	}
}

// CheckUpright checks that the corners of a Picture are where they belong.
func CheckUpright(t *testing.T, img image.Image) {
	t.Helper()
	b := img.Bounds()
	inset := max(1, min(b.Dx(), b.Dy())/10)
	at := [4]image.Point{
		{X: b.Min.X + inset, Y: b.Min.Y + inset},
		{X: b.Max.X - 1 - inset, Y: b.Min.Y + inset},
		{X: b.Max.X - 1 - inset, Y: b.Max.Y - 1 - inset},
		{X: b.Min.X + inset, Y: b.Max.Y - 1 - inset},
	}
	for i, want := range Corners() {
		if d := distance(img.At(at[i].X, at[i].Y), want); d > 40 {
			t.Errorf("corner %d is %v, %d away from %v", i, img.At(at[i].X, at[i].Y), d, want)
		}
	}
}

// distance is the largest difference in a channel.
func distance(a, b color.Color) int {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	diff := func(x, y uint32) int { return max(int(x>>8)-int(y>>8), int(y>>8)-int(x>>8)) }
	return max(diff(ar, br), diff(ag, bg), diff(ab, bb))
}

func checkPlaceholder(t *testing.T, uri string) {
	t.Helper()
	if len(uri) == 0 || len(uri) > 400 {
		t.Errorf("the placeholder has %d bytes", len(uri))
	}
	decodePlaceholder(t, uri)
}

func decodePlaceholder(t *testing.T, uri string) image.Image {
	t.Helper()
	_, data, ok := strings.Cut(uri, ";base64,")
	body, err := base64.StdEncoding.DecodeString(data)
	if !ok || err != nil {
		t.Fatalf("placeholder %q: %v", uri, err)
	}
	img, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		if img, err = webp.Decode(bytes.NewReader(body)); err != nil {
			t.Fatalf("the placeholder cannot be decoded: %v", err)
		}
	}
	return img
}
