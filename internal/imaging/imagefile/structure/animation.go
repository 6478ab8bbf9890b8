package structure

import "image"

// Animation is how the frames of a GIF or PNG follow one another and where on
// the canvas each is drawn. No pixel is decoded yet.
type Animation struct {
	Width, Height int  // of the canvas, in pixels
	Plays         int  // how often it runs in all; 0 is for ever
	Deep          bool // it has 16 bits a channel
	Frames        []Frame
}

// Frame is one picture of an animation.
type Frame struct {
	Area  image.Rectangle // on the canvas; that of a GIF may reach beyond it
	Delay int             // in milliseconds, as the file says
	After Disposal
	Over  bool // blend with what is on the canvas; else replace it

	GIF GIFFrame  // of a GIF
	PNG *PNGFrame // of a PNG, else nil
}

// Disposal is what happens to the area of a frame before the next is drawn.
type Disposal byte

// The disposals, numbered as in fcTL.
const (
	Keep        Disposal = iota // it stays
	Clear                       // it becomes transparent
	RestorePast                 // it becomes what it was before the frame
)

// GIFFrame are the pixels of a frame of a GIF.
type GIFFrame struct {
	Palette     []byte // three bytes for each colour; empty for none
	Transparent int    // the colour that is not drawn, -1 for none
	Interlaced  bool
	Data        []byte // the width of a code in bits, then a chain of blocks
}

// PNGFrame is where the pixels of a frame of a PNG are.
type PNGFrame struct {
	Head *PNGHead
	Data []byte // chunks from the first with pixels of the frame on
}

// PNGHead is what all frames of a PNG share.
type PNGHead struct {
	IHDR       []byte // the body, with the size of the canvas
	PLTE, TRNS []byte // whole chunks, nil for none
}

// MaxPlays is the most that animated WebP can say.
const MaxPlays = 1<<16 - 1
