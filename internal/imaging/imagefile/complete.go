package imagefile

import "fmt"

// Complete returns an error where a GIF, a WebP or an animated PNG ends before
// it says that it does. Decoders of these make do with the frames or rows that
// are there; those of the other formats find it out by themselves. A PNG with a
// chunk that its decoder has to know and no one does is refused too: one of
// Go's passes over it.
func Complete(src []byte) error {
	var err error
	switch Sniff(src) {
	case GIF:
		_, err = walkGIF(src)
	case WebP:
		_, err = webpChunks(src)
	case PNG:
		return completePNG(src)
	default:
	}
	if err != nil {
		return fmt.Errorf("the file ends too early: %w", err)
	}
	return nil
}

// completePNG returns an error for a critical chunk of an unknown kind, and
// where an animation has no end.
func completePNG(src []byte) error {
	animated := false
	for rest := src[len(pngSignature):]; ; {
		c, after, err := nextPNG(rest)
		switch known := c.name == "IHDR" || c.name == "PLTE" || c.name == "IDAT"; {
		case err != nil && animated:
			return fmt.Errorf("the file ends too early: %w", err)
		case err != nil || c.name == "IEND":
			return nil //nolint:nilerr // of a still picture the decoder finds it out
		case c.name == "acTL":
			animated = true
		case !known && c.name[0]&pngAncillary == 0:
			return fmt.Errorf("unknown critical chunk %q", c.name)
		}
		rest = after
	}
}
