package gif

import (
	"bytes"
	"encoding/binary"
	"image"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// Animation lists the frames of a GIF, also of one with a single frame. The
// first frame makes the canvas as large as itself where the screen is smaller,
// as browsers do. The caller has to have limited their number: see Frames.
func Animation(src []byte) (*structure.Animation, error) {
	const head = 13
	if len(src) < head {
		return nil, structure.ErrBroken
	}
	le := binary.LittleEndian
	a := &structure.Animation{
		Width: int(le.Uint16(src[6:])), Height: int(le.Uint16(src[8:])), Plays: 1,
	}
	at := head + tableLength(src[10])
	if at > len(src) {
		return nil, structure.ErrBroken
	}
	palette := src[head:at]
	next := structure.Frame{GIF: structure.GIFFrame{Transparent: -1}}
	for at < len(src) {
		n, err := blockLength(src[at:])
		if err != nil {
			return nil, err
		}
		block := src[at : at+n]
		at += n
		switch {
		case block[0] == blockTrailer:
			return a, nil
		case block[0] == blockImage:
			a.Frames = append(a.Frames, withImage(next, block, palette))
			next = structure.Frame{GIF: structure.GIFFrame{Transparent: -1}}
		case block[1] == labelControl && len(block) >= 8 && block[2] == 4:
			next = control(block)
		case block[1] == labelApplication:
			setPlays(a, block)
		}
		if len(a.Frames) == 1 {
			a.Width, a.Height = max(a.Width, a.Frames[0].Area.Max.X), max(a.Height, a.Frames[0].Area.Max.Y)
		}
	}
	return nil, structure.ErrBroken
}

// control reads a graphic control extension. Disposal 4 stands for 3 in
// files of old programs.
func control(block []byte) structure.Frame {
	f := structure.Frame{
		Delay: 10 * int(binary.LittleEndian.Uint16(block[4:])),
		GIF:   structure.GIFFrame{Transparent: -1},
	}
	switch block[3] >> 2 & 7 {
	case 2:
		f.After = structure.Clear
	case 3, 4:
		f.After = structure.RestorePast
	}
	if block[3]&1 != 0 {
		f.GIF.Transparent = int(block[6])
	}
	return f
}

// withImage completes a frame by its image block.
func withImage(f structure.Frame, block, palette []byte) structure.Frame {
	le := binary.LittleEndian
	x, y := int(le.Uint16(block[1:])), int(le.Uint16(block[3:]))
	f.Area = image.Rect(x, y, x+int(le.Uint16(block[5:])), y+int(le.Uint16(block[7:])))
	f.Over = true
	local := tableLength(block[9])
	f.GIF.Palette, f.GIF.Interlaced, f.GIF.Data = palette, block[9]&0x40 != 0, block[10+local:]
	if local > 0 {
		f.GIF.Palette = block[10 : 10+local]
	}
	return f
}

// setPlays reads how often to repeat. Without it a GIF runs once.
func setPlays(a *structure.Animation, block []byte) {
	known := bytes.HasPrefix(block[2:], []byte("\x0bNETSCAPE2.0\x03\x01")) ||
		bytes.HasPrefix(block[2:], []byte("\x0bANIMEXTS1.0\x03\x01"))
	if !known || len(block) < 18 {
		return
	}
	a.Plays = 0
	if repeats := int(binary.LittleEndian.Uint16(block[16:])); repeats > 0 {
		a.Plays = min(repeats+1, structure.MaxPlays)
	}
}
