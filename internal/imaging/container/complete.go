package container

import "fmt"

// Complete returns an error where a GIF or WebP file ends before it says that
// it does. Decoders of these make do with the frames or rows that are there;
// those of the other formats find it out by themselves.
func Complete(src []byte) error {
	var err error
	switch Sniff(src) {
	case GIF:
		_, err = walkGIF(src)
	case WebP:
		_, err = webpChunks(src)
	default:
	}
	if err != nil {
		return fmt.Errorf("the file ends too early: %w", err)
	}
	return nil
}
