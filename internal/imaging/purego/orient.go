package purego

// orient obeys the EXIF orientation (1 to 8).
func (p plane) orient(orientation int) plane {
	if orientation < 2 || orientation > 8 {
		return p
	}
	width, height := p.width, p.height
	if orientation >= 5 {
		width, height = height, width
	}
	out := newPlane(width, height, p.channels)
	for y := range height {
		dst := out.pix[y*out.stride:]
		for x := range width {
			sx, sy := storedAt(x, y, width, height, orientation)
			copy(dst[x*p.channels:(x+1)*p.channels], p.pix[sy*p.stride+sx*p.channels:])
		}
	}
	return out
}

// storedAt returns where the pixel x, y of the upright picture of the size is
// stored.
func storedAt(x, y, width, height, orientation int) (sx, sy int) {
	right, bottom := width-1-x, height-1-y
	switch orientation {
	case 2:
		return right, y
	case 3:
		return right, bottom
	case 4:
		return x, bottom
	case 5:
		return y, x
	case 6:
		return y, right
	case 7:
		return bottom, right
	default:
		return bottom, x
	}
}
