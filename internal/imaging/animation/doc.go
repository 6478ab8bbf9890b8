// Package animation plays GIF and animated PNG: it decodes one frame after the
// other and draws each on a canvas, as browsers do. What no frame has covered is
// transparent. It holds the canvas, one frame, and what a frame will restore, so
// its memory does not grow with the number of frames; the size of the canvas is
// for its caller to limit.
package animation
