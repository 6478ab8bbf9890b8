package purego

import (
	"image"
	"image/draw"
	"io"

	"golang.org/x/image/webp"
)

// decodeStillWebP widens the range of the colours: VP8 keeps luma between 16 and
// 235 and chroma between 16 and 240, which the decoder returns as if it were
// the full range of JPEG.
func decodeStillWebP(r io.Reader) (image.Image, error) {
	img, err := webp.Decode(r)
	if err != nil {
		return nil, err
	}
	switch img := img.(type) {
	case *image.YCbCr:
		widen(img)
	case *image.NYCbCrA:
		widen(&img.YCbCr)
	}
	return img, nil
}

func widen(img *image.YCbCr) {
	var luma, chroma [256]byte
	for i := range int32(256) {
		luma[i] = clamp(((i-16)*255 + 109) / 219)
		chroma[i] = clamp(128 + ((i-128)*255)/224)
	}
	for i, v := range img.Y {
		img.Y[i] = luma[v]
	}
	for _, plane := range [][]byte{img.Cb, img.Cr} {
		for i, v := range plane {
			plane[i] = chroma[v]
		}
	}
}

// drawOver puts a frame onto the canvas at its place.
func drawOver(canvas *image.RGBA, frame image.Image) {
	draw.Draw(canvas, frame.Bounds(), frame, frame.Bounds().Min, draw.Over)
}
