package png

// Strip copies the chunks that make pixels: see imagefile.Strip.
func Strip(src []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(src)), src[:len(Signature)]...)
	animated := Animation(src) != nil
	for rest := src[len(Signature):]; ; {
		c, after, err := nextChunk(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		switch c.name {
		case "acTL", "fcTL", "fdAT":
			if animated {
				out = append(out, c.raw...)
			}
		case "IHDR", "PLTE", "tRNS", "IDAT":
			out = append(out, c.raw...)
		case "IEND":
			return append(out, c.raw...), nil
		}
	}
}
