package webp

import (
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagefile/tiff"
)

// Inspect reads size, frames, orientation and profile.
func Inspect(src []byte, info *structure.Info) {
	rest, err := chunks(src)
	if err != nil {
		return
	}
	frames, first := 0, true
	defer func() { info.Frames = max(1, frames) }()
	for len(rest) > 0 {
		c, after, err := nextChunk(rest)
		if err != nil {
			return
		}
		rest = after
		if first {
			info.Width, info.Height = size(c)
			first = false
		}
		switch c.name {
		case "ANMF":
			frames++
		case "VP8L":
			info.Lossless = true
		case "EXIF":
			info.Orientation = tiff.Orientation(c.body)
		case "ICCP":
			info.Profile = c.body
		}
	}
}

// Animated reports whether the file says that it is an animation.
func Animated(src []byte) bool {
	chunks, err := chunks(src)
	if err != nil {
		return false
	}
	first, _, err := nextChunk(chunks)
	return err == nil && first.name == "VP8X" && len(first.body) > 0 && first.body[0]&flagAnimation != 0
}

// Complete returns an error where the file is shorter than it says.
func Complete(src []byte) error {
	_, err := chunks(src)
	return err
}
