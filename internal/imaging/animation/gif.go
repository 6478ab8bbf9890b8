package animation

import (
	"fmt"
	"image/color"
	"io"

	"vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/structure"
)

// drawGIF unpacks a frame row by row.
func (p *Player) drawGIF(f structure.Frame) error {
	pixels, err := gif.Indices(f.GIF)
	if err != nil {
		return err
	}
	defer pixels.Close()
	colours := palette(f.GIF)
	row := make([]byte, f.Area.Dx())
	visible := p.visible(f)
	for i := range f.Area.Dy() {
		y := f.Area.Min.Y + i
		if f.GIF.Interlaced {
			y = f.Area.Min.Y + interlaced(i, f.Area.Dy())
		} else if y >= visible.Max.Y {
			return nil
		}
		if _, err := io.ReadFull(pixels, row); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
		if y >= visible.Max.Y {
			continue
		}
		out := p.canvas.Pix[p.canvas.PixOffset(visible.Min.X, y):]
		for x := range visible.Dx() {
			if c := colours[row[x]]; c.A != 0 {
				out[4*x], out[4*x+1], out[4*x+2], out[4*x+3] = c.R, c.G, c.B, c.A
			}
		}
	}
	return nil
}

// interlaced is where the stored row i of a frame belongs: every eighth row
// comes first, then the one half-way between them, and so on.
func interlaced(i, height int) int {
	for _, pass := range [4][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		first, step := pass[0], pass[1]
		n := (height - first + step - 1) / step
		if i < n {
			return first + i*step
		}
		i -= n
	}
	return height // not reached
}

// palette returns the colours of a frame; the one that is not drawn has no
// alpha. Colours beyond the table are black, and so is a frame without one.
func palette(g structure.GIFFrame) (colours [256]color.NRGBA) {
	for i := range colours {
		colours[i].A = 255
		if 3*i+2 < len(g.Palette) {
			colours[i].R, colours[i].G, colours[i].B = g.Palette[3*i], g.Palette[3*i+1], g.Palette[3*i+2]
		}
	}
	if g.Transparent >= 0 {
		colours[g.Transparent] = color.NRGBA{}
	}
	return colours
}
