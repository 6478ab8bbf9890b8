package imagefile

import (
	"fmt"

	"vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/png"
	"vitrine.dev/internal/imaging/imagefile/webp"
)

// Complete returns an error where a GIF, a WebP or an animated PNG ends before
// it says that it does. Decoders of these make do with the frames or rows that
// are there; those of the other formats find it out by themselves. A PNG with a
// chunk that its decoder has to know and no one does is refused too: one of
// Go's passes over it.
func Complete(src []byte) error {
	var err error
	switch Sniff(src) {
	case GIF:
		_, err = gif.Frames(src)
	case WebP:
		err = webp.Complete(src)
	case PNG:
		return png.Complete(src)
	default:
	}
	if err != nil {
		return fmt.Errorf("the file ends too early: %w", err)
	}
	return nil
}

// CompletePixels returns an error where a frame of a GIF has fewer pixels than
// it says, which decoders fill up as they like: see gif.CompletePixels.
func CompletePixels(src []byte) error {
	if Sniff(src) != GIF {
		return nil
	}
	return gif.CompletePixels(src)
}
