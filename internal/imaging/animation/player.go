package animation

import (
	"errors"
	"fmt"
	"image"
	"slices"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// maxBeyond is how many times the pixels of the canvas a frame may have that
// reaches beyond it: all of them are unpacked, however few are seen.
const maxBeyond = 4

// errTooLarge says that a frame is larger than that.
var errTooLarge = errors.New("far larger than the canvas")

// Player goes through the frames of an animation. It is not safe for concurrent
// use.
type Player struct {
	animation *structure.Animation
	canvas    *image.NRGBA
	next      int
	past      []byte // what the area of the last frame was, where that is to be restored
}

// Play begins before the first frame. It allocates the canvas.
func Play(a *structure.Animation) *Player {
	return &Player{animation: a, canvas: image.NewNRGBA(image.Rect(0, 0, a.Width, a.Height))}
}

// Next draws the next frame and returns the canvas, which is valid until the
// next call. An error says that the pixels of the frame are damaged. It must
// not be called more often than there are frames.
func (p *Player) Next() (*image.NRGBA, error) {
	if p.next > 0 {
		p.dispose(p.animation.Frames[p.next-1])
	}
	frame := p.animation.Frames[p.next]
	p.next++
	area := p.visible(frame)
	if frame.After == structure.RestorePast && p.next < len(p.animation.Frames) {
		p.past = slices.Grow(p.past[:0], 4*area.Dx()*area.Dy())
		p.rows(area, func(row []byte) { p.past = append(p.past, row...) })
	}
	if err := p.draw(frame); err != nil {
		return nil, fmt.Errorf("frame %d: %w", p.next-1, err)
	}
	return p.canvas, nil
}

// visible is the part of a frame's area that lies on the canvas.
func (p *Player) visible(f structure.Frame) image.Rectangle { return f.Area.Intersect(p.canvas.Rect) }

// dispose does what is to be done after a frame.
func (p *Player) dispose(f structure.Frame) {
	switch f.After {
	case structure.Clear:
		p.rows(p.visible(f), func(row []byte) { clear(row) })
	case structure.RestorePast:
		past := p.past
		p.rows(p.visible(f), func(row []byte) { past = past[copy(row, past):] })
	case structure.Keep:
	}
}

// rows calls do with the pixels of an area of the canvas, row by row.
func (p *Player) rows(area image.Rectangle, do func(row []byte)) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		do(p.canvas.Pix[p.canvas.PixOffset(area.Min.X, y):p.canvas.PixOffset(area.Max.X, y)])
	}
}

// draw decodes a frame onto the canvas.
func (p *Player) draw(f structure.Frame) error {
	if int64(f.Area.Dx())*int64(f.Area.Dy()) > maxBeyond*int64(p.animation.Width)*int64(p.animation.Height) {
		return errTooLarge
	}
	if p.visible(f).Empty() {
		return nil
	}
	if f.PNG == nil {
		return p.drawGIF(f)
	}
	return p.drawPNG(f)
}
