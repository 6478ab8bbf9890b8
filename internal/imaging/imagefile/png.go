package imagefile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// maxProfile bounds a decompressed ICC profile, in bytes.
const maxProfile = 4 << 20

// pngChunk is one chunk of a PNG.
type pngChunk struct {
	name string
	raw  []byte // with length, name and checksum
	body []byte
}

// nextPNG returns the first chunk of rest and what follows it.
func nextPNG(rest []byte) (c pngChunk, after []byte, err error) {
	if len(rest) < 12 {
		return pngChunk{}, nil, errStructure
	}
	size := uint64(binary.BigEndian.Uint32(rest)) + 12
	if size > uint64(len(rest)) {
		return pngChunk{}, nil, errStructure
	}
	return pngChunk{name: string(rest[4:8]), raw: rest[:size], body: rest[8 : size-4]}, rest[size:], nil
}

func inspectPNG(src []byte, info *Info) {
	info.Lossless = true
	animated, frames := false, 0
	colours := make(pngChunks)
	pixels := false
	for rest := src[len(pngSignature):]; ; {
		c, after, err := nextPNG(rest)
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
			info.Orientation = exifOrientation(c.body)
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

// pngProfile unpacks an iCCP chunk: a name, a method, zlib data.
func pngProfile(body []byte) []byte {
	i := bytes.IndexByte(body, 0)
	if i < 0 || i+2 > len(body) {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(body[i+2:]))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(z, maxProfile))
	if err != nil {
		return nil
	}
	return profile
}
