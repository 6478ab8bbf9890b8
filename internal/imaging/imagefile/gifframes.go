package imagefile

import (
	"bytes"
	"encoding/binary"
	"image"
)

// GIFAnimation lists the frames of a GIF, also of one with a single frame. The
// first frame makes the canvas as large as itself where the screen is smaller,
// as browsers do. The caller has to have limited their number: see GIFFrames.
func GIFAnimation(src []byte) (*Animation, error) {
	const head = 13
	if len(src) < head {
		return nil, errStructure
	}
	le := binary.LittleEndian
	a := &Animation{
		Format: GIF, Width: int(le.Uint16(src[6:])), Height: int(le.Uint16(src[8:])), Plays: 1,
	}
	at := head + gifTable(src[10])
	if at > len(src) {
		return nil, errStructure
	}
	palette := src[head:at]
	next := Frame{GIF: GIFFrame{Transparent: -1}}
	for at < len(src) {
		n, err := gifBlock(src[at:])
		if err != nil {
			return nil, err
		}
		block := src[at : at+n]
		at += n
		switch {
		case block[0] == gifTrailer:
			return a, nil
		case block[0] == gifImage:
			a.Frames = append(a.Frames, gifFrame(next, block, palette))
			next = Frame{GIF: GIFFrame{Transparent: -1}}
		case block[1] == gifControl && len(block) >= 8 && block[2] == 4:
			next = gifControls(block)
		case block[1] == gifApplication:
			a.setGIFPlays(block)
		}
		if len(a.Frames) == 1 {
			a.Width, a.Height = max(a.Width, a.Frames[0].Area.Max.X), max(a.Height, a.Frames[0].Area.Max.Y)
		}
	}
	return nil, errStructure
}

// gifControls reads a graphic control extension. Disposal 4 stands for 3 in
// files of old programs.
func gifControls(block []byte) Frame {
	f := Frame{
		Delay: 10 * int(binary.LittleEndian.Uint16(block[4:])),
		GIF:   GIFFrame{Transparent: -1},
	}
	switch block[3] >> 2 & 7 {
	case 2:
		f.After = Clear
	case 3, 4:
		f.After = RestorePast
	}
	if block[3]&1 != 0 {
		f.GIF.Transparent = int(block[6])
	}
	return f
}

// gifFrame completes a frame by its image block.
func gifFrame(f Frame, block, palette []byte) Frame {
	le := binary.LittleEndian
	x, y := int(le.Uint16(block[1:])), int(le.Uint16(block[3:]))
	f.Area = image.Rect(x, y, x+int(le.Uint16(block[5:])), y+int(le.Uint16(block[7:])))
	f.Over = true
	local := gifTable(block[9])
	f.GIF.Palette, f.GIF.Interlaced, f.GIF.Data = palette, block[9]&0x40 != 0, block[10+local:]
	if local > 0 {
		f.GIF.Palette = block[10 : 10+local]
	}
	return f
}

// setGIFPlays reads how often to repeat. Without it a GIF runs once.
func (a *Animation) setGIFPlays(block []byte) {
	known := bytes.HasPrefix(block[2:], []byte("\x0bNETSCAPE2.0\x03\x01")) ||
		bytes.HasPrefix(block[2:], []byte("\x0bANIMEXTS1.0\x03\x01"))
	if !known || len(block) < 18 {
		return
	}
	a.Plays = 0
	if repeats := int(binary.LittleEndian.Uint16(block[16:])); repeats > 0 {
		a.Plays = min(repeats+1, maxPlays)
	}
}
