// Package imaging implements media.Renderer: it makes everything that is published
// of the bytes of one source picture.
//
// A picture goes through named steps: its type is detected from its first bytes,
// its header is read, size and frames are checked against the limits, the work is
// admitted by a budget of pixels, the picture is decoded once to the largest
// size that is wanted, and each smaller size is made of the one before it. No
// output is much heavier than the source of the same dimensions: where an encoder
// cannot do that at the wanted quality, a ladder of lower qualities and of the
// source's own bytes without their metadata is stepped down. Of a source without
// loss the lightest encoding is taken, with loss or without.
//
// Pixels are the work of an engine behind package engine: libvips where
// it is installed, else pure Go, which can do less (see package purego).
package imaging
