package png

import "fmt"

// Complete returns an error for a critical chunk of an unknown kind, and
// where an animation has no end.
func Complete(src []byte) error {
	animated := false
	for rest := src[len(Signature):]; ; {
		c, after, err := nextChunk(rest)
		switch known := c.name == "IHDR" || c.name == "PLTE" || c.name == "IDAT"; {
		case err != nil && animated:
			return fmt.Errorf("the file ends too early: %w", err)
		case err != nil || c.name == "IEND":
			return nil //nolint:nilerr // of a still picture the decoder finds it out
		case c.name == "acTL":
			animated = true
		case !known && c.name[0]&ancillary == 0:
			return fmt.Errorf("unknown critical chunk %q", c.name)
		}
		rest = after
	}
}
