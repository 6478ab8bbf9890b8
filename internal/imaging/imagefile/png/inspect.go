package png

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"

	"vitrine.dev/internal/imaging/imagefile/icc"
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagefile/tiff"
)

// Inspect reads size, frames, orientation and colours.
func Inspect(src []byte, info *structure.Info) {
	info.Lossless = true
	animated, frames := false, 0
	colours := make(colourChunks)
	pixels := false
	for rest := src[len(Signature):]; ; {
		c, after, err := nextChunk(rest)
		if err != nil || c.name == "IEND" {
			break
		}
		rest = after
		switch c.name {
		case "acTL":
			animated = true
		case "fcTL":
			frames++
		case "IHDR":
			if len(c.body) >= 13 {
				info.Whole = c.body[12] != 0
				info.Width, info.Height = int64(binary.BigEndian.Uint32(c.body)), int64(binary.BigEndian.Uint32(c.body[4:]))
			}
		case "eXIf":
			info.Orientation = tiff.Orientation(c.body)
		case "IDAT":
			pixels = true
		}
		if !pixels {
			colours.keep(c.name, c.body)
		}
	}
	if animated {
		info.Frames = max(1, frames)
	}
	info.Profile, info.Assigned = colours.profile()
}

// unpackProfile unpacks an iCCP chunk: a name, a method, zlib data.
func unpackProfile(body []byte) []byte {
	i := bytes.IndexByte(body, 0)
	if i < 0 || i+2 > len(body) {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(body[i+2:]))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(z, icc.MaxLength))
	if err != nil {
		return nil
	}
	return profile
}
