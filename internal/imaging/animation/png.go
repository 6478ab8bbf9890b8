package animation

import (
	"bytes"
	"image"
	"image/color"
	"image/png"

	pngfile "vitrine.dev/internal/imaging/imagefile/png"
	"vitrine.dev/internal/imaging/imagefile/structure"
)

// drawPNG decodes a frame and blends it with the canvas.
func (p *Player) drawPNG(f structure.Frame) error {
	body, err := pngfile.Still(f)
	if err != nil {
		return err
	}
	img, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		return err
	}
	read := reader(img)
	row := make([]byte, 4*f.Area.Dx())
	for y := f.Area.Min.Y; y < f.Area.Max.Y; y++ {
		read(y-f.Area.Min.Y, row)
		out := p.canvas.Pix[p.canvas.PixOffset(f.Area.Min.X, y):]
		if f.Over {
			blend(out, row)
		} else {
			copy(out, row)
		}
	}
	return nil
}

// reader returns what reads a row of an image as 8 bit RGBA that is not
// premultiplied.
func reader(img image.Image) func(y int, row []byte) {
	switch img := img.(type) {
	case *image.NRGBA:
		return func(y int, row []byte) { copy(row, img.Pix[y*img.Stride:]) }
	case *image.RGBA: // PNG has them for opaque pictures only
		return func(y int, row []byte) { copy(row, img.Pix[y*img.Stride:]) }
	case *image.Gray:
		return func(y int, row []byte) {
			for x, v := range img.Pix[y*img.Stride:][:img.Rect.Dx()] {
				set(row[4*x:], color.NRGBA{R: v, G: v, B: v, A: 255})
			}
		}
	case *image.Paletted:
		colours := make([]color.NRGBA, len(img.Palette))
		for i, c := range img.Palette {
			colours[i], _ = color.NRGBAModel.Convert(c).(color.NRGBA)
		}
		return func(y int, row []byte) {
			for x, v := range img.Pix[y*img.Stride:][:img.Rect.Dx()] {
				set(row[4*x:], colours[v])
			}
		}
	case *image.NRGBA64:
		return func(y int, row []byte) { narrow(row, img.Pix[y*img.Stride:]) }
	case *image.RGBA64: // opaque, as above
		return func(y int, row []byte) { narrow(row, img.Pix[y*img.Stride:]) }
	default:
		return func(y int, row []byte) {
			for x := range len(row) / 4 {
				c, _ := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
				set(row[4*x:], c)
			}
		}
	}
}

func set(to []byte, c color.NRGBA) { to[0], to[1], to[2], to[3] = c.R, c.G, c.B, c.A }

// narrow rounds samples of 16 bits to 8.
func narrow(row, deep []byte) {
	for i := range row {
		v := uint32(deep[2*i])<<8 | uint32(deep[2*i+1])
		row[i] = byte((v*255 + 32767) / 65535) //nolint:gosec // at most 255
	}
}

// blend puts a row over what is there: the "over" of Porter and Duff (1984) on
// colours that are not premultiplied, as the specification of PNG has it.
func blend(under, over []byte) {
	for i := 0; i+3 < len(over); i += 4 {
		a := uint32(over[i+3])
		switch b := uint32(under[i+3]); {
		case a == 0:
		case a == 255 || b == 0:
			copy(under[i:i+4], over[i:i+4])
		default:
			rest := b * (255 - a) // of 255 squared
			sum := 255*a + rest
			for k := range 3 {
				under[i+k] = byte((255*a*uint32(over[i+k]) + rest*uint32(under[i+k]) + sum/2) / sum) //nolint:gosec // a mean
			}
			under[i+3] = byte((sum + 127) / 255) //nolint:gosec // at most 255
		}
	}
}
