package imagingtest

import "image"

// Oriented stores an upright picture the way a camera with the EXIF orientation
// (1 to 8) would: rotated or mirrored so that obeying the orientation makes it
// upright again. Orientations 5 to 8 swap width and height.
func Oriented(upright *image.RGBA, orientation int) *image.RGBA {
	w, h := upright.Bounds().Dx(), upright.Bounds().Dy()
	sw, sh := w, h
	if orientation >= 5 {
		sw, sh = h, w
	}
	stored := image.NewRGBA(image.Rect(0, 0, sw, sh))
	for y := range h {
		for x := range w {
			sx, sy := storedAt(x, y, w, h, orientation)
			copy(stored.Pix[stored.PixOffset(sx, sy):][:4], upright.Pix[upright.PixOffset(x, y):][:4])
		}
	}
	return stored
}

// storedAt returns where the upright pixel x, y is stored.
func storedAt(x, y, w, h, orientation int) (sx, sy int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6: // row 0 of the file is the right side
		return y, w - 1 - x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8: // row 0 of the file is the left side
		return h - 1 - y, x
	default:
		return x, y
	}
}
