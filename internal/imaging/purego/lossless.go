package purego

import (
	"context"
	"image"
	"image/color"
	"image/png"
	"io"

	"vitrine.dev/internal/imaging/engine"
)

// Sample puts tiles of the picture together.
func (p *picture) Sample(context.Context) (engine.Picture, error) {
	if min(p.width, p.height) <= engine.SampleSide {
		return p, nil
	}
	from := p
	if len(p.planes) == 3 { // whose chroma cannot be cut at any place
		from = p.toRGB()
	}
	src := from.planes[0]
	dst := newPlane(engine.SampleSide, engine.SampleSide, src.channels)
	for row := range engine.SampleSide {
		tile, within := row/engine.SampleTile, row%engine.SampleTile
		line := src.pix[(engine.SampleAt(tile, p.height)+within)*src.stride:]
		for column := range engine.SampleTiles {
			length := engine.SampleTile * src.channels
			at := engine.SampleAt(column, p.width) * src.channels
			copy(dst.pix[row*dst.stride+column*length:], line[at:at+length])
		}
	}
	return &picture{width: dst.width, height: dst.height, alpha: p.alpha, planes: []plane{dst}}, nil
}

// encodePNG writes the picture with a palette where it has no more colours than
// fit into one.
func encodePNG(w io.Writer, img image.Image, fast bool) error {
	level := png.BestCompression
	if fast {
		level = png.BestSpeed
	}
	if p := withPalette(img); p != nil {
		img = p
	}
	return (&png.Encoder{CompressionLevel: level}).Encode(w, img)
}

// withPalette returns the picture with a palette, or nil where it has more than
// 256 colours.
func withPalette(img image.Image) *image.Paletted {
	switch src := img.(type) {
	case *image.Gray:
		return indexed(src.Rect, src.Stride, 1, src.Pix, func(px []byte) color.Color { return color.Gray{Y: px[0]} })
	case *image.RGBA:
		return indexed(src.Rect, src.Stride, 4, src.Pix, func(px []byte) color.Color {
			return color.RGBA{R: px[0], G: px[1], B: px[2], A: px[3]}
		})
	default:
		return nil
	}
}

func indexed(r image.Rectangle, stride, size int, pix []byte, colour func(px []byte) color.Color) *image.Paletted {
	const most = 256
	out := image.NewPaletted(r, nil)
	places := make(map[[4]byte]uint8, most)
	last, at := [4]byte{}, -1
	for y := range r.Dy() {
		for x := range r.Dx() {
			var px [4]byte
			copy(px[:], pix[y*stride+x*size:][:size])
			if at < 0 || px != last {
				place, known := places[px]
				if !known {
					if len(out.Palette) == most {
						return nil
					}
					place = uint8(len(out.Palette)) //nolint:gosec // below 256
					places[px] = place
					out.Palette = append(out.Palette, colour(px[:size]))
				}
				last, at = px, int(place)
			}
			out.Pix[y*out.Stride+x] = uint8(at)
		}
	}
	return out
}
