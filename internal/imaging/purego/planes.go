package purego

import (
	"image"
	"image/draw"
)

// shrink brings a decoded image into planes of the size.
func shrink(img image.Image, width, height int) *picture {
	switch img := img.(type) {
	case *image.YCbCr:
		return shrinkYCbCr(img, width, height)
	case *image.Gray:
		b := img.Bounds()
		p := &picture{width: b.Dx(), height: b.Dy(), planes: []plane{{
			pix: img.Pix, stride: img.Stride, width: b.Dx(), height: b.Dy(), channels: 1,
		}}}
		return p.resized(width, height)
	default:
		return fromRGBA(toRGBA(img)).resized(width, height)
	}
}

func toRGBA(img image.Image) *image.RGBA {
	if rgba, ok := img.(*image.RGBA); ok && rgba.Rect.Min == (image.Point{}) {
		return rgba
	}
	b := img.Bounds()
	rgba := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(rgba, rgba.Rect, img, b.Min, draw.Src)
	return rgba
}

func fromRGBA(img *image.RGBA) *picture {
	b := img.Bounds()
	return &picture{
		width: b.Dx(), height: b.Dy(), alpha: !img.Opaque(),
		planes: []plane{{pix: img.Pix, stride: img.Stride, width: b.Dx(), height: b.Dy(), channels: 4}},
	}
}

// shrinkYCbCr resamples luma and chroma apart, without a detour over RGB, and
// leaves chroma at half of the luma's size, which is what a JPEG gets.
func shrinkYCbCr(img *image.YCbCr, width, height int) *picture {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	ratioX, ratioY := subsampling(img.SubsampleRatio)
	scaleX, scaleY := float64(w)/float64(width), float64(h)/float64(height)
	chroma := func(pix []byte) plane {
		p := plane{
			pix: pix, stride: img.CStride,
			width: (w + ratioX - 1) / ratioX, height: (h + ratioY - 1) / ratioY, channels: 1,
		}
		cw, ch := (width+1)/2, (height+1)/2
		sx, sy := scaleX*2/float64(ratioX), scaleY*2/float64(ratioY)
		if cw == p.width && ch == p.height && sx == 1 && sy == 1 {
			return p
		}
		return p.resample(cw, ch, sx, sy)
	}
	luma := plane{pix: img.Y, stride: img.YStride, width: w, height: h, channels: 1}
	if w != width || h != height {
		luma = luma.resample(width, height, scaleX, scaleY)
	}
	return &picture{width: width, height: height, planes: []plane{luma, chroma(img.Cb), chroma(img.Cr)}}
}

// subsampling is how many luma samples a chroma sample covers.
func subsampling(r image.YCbCrSubsampleRatio) (x, y int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	default:
		return 1, 1
	}
}

// oriented obeys the EXIF orientation.
func (p *picture) oriented(orientation int) *picture {
	if orientation == 1 {
		return p
	}
	out := &picture{width: p.width, height: p.height, alpha: p.alpha}
	if orientation >= 5 {
		out.width, out.height = p.height, p.width
	}
	for _, pl := range p.planes {
		out.planes = append(out.planes, pl.orient(orientation))
	}
	return out
}
