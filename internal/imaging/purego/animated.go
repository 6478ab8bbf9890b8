package purego

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"

	"golang.org/x/image/webp"

	"vitrine.dev/internal/imaging/animation"
	pngfile "vitrine.dev/internal/imaging/imagefile/png"
	webpfile "vitrine.dev/internal/imaging/imagefile/webp"
)

// decodePNG returns the picture, or the first frame of an animation, which need
// not be the still picture in the file.
func decodePNG(body []byte) (image.Image, error) {
	if a := pngfile.Animation(body); a != nil {
		return animation.Play(a).Next()
	}
	return png.Decode(bytes.NewReader(body))
}

// webpConfig reads the size and the colours of a WebP, of an animation those of
// its canvas.
func webpConfig(body []byte) (image.Config, error) {
	if !webpfile.Animated(body) {
		return webp.DecodeConfig(bytes.NewReader(body))
	}
	first, err := webpfile.FirstFrame(body)
	if err != nil {
		return image.Config{}, err
	}
	config, err := webp.DecodeConfig(bytes.NewReader(first.Still))
	config.Width, config.Height = first.Width, first.Height
	return config, err
}

// decodeWebP returns the picture, or the first frame of an animation on its
// canvas.
func decodeWebP(body []byte) (image.Image, error) {
	if !webpfile.Animated(body) {
		return decodeStillWebP(bytes.NewReader(body))
	}
	first, err := webpfile.FirstFrame(body)
	if err != nil {
		return nil, err
	}
	img, err := decodeStillWebP(bytes.NewReader(first.Still))
	if err != nil {
		return nil, err
	}
	canvas := image.NewRGBA(image.Rect(0, 0, first.Width, first.Height))
	if first.Area == canvas.Rect {
		return img, nil
	}
	draw.Draw(canvas, first.Area, img, img.Bounds().Min, draw.Src)
	return canvas, nil
}
