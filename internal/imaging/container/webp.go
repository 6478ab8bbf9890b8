package container

import "encoding/binary"

// Flags in the first byte of a VP8X chunk.
const (
	webpAnimation = 0x02
	webpXMP       = 0x04
	webpEXIF      = 0x08
	webpAlpha     = 0x10
	webpProfile   = 0x20
)

// webpChunk is one RIFF chunk of a WebP file.
type webpChunk struct {
	name string
	raw  []byte // with name, length and padding
	body []byte
}

// webpChunks returns the bytes of all chunks.
func webpChunks(src []byte) ([]byte, error) {
	if len(src) < 12 {
		return nil, errStructure
	}
	size := uint64(binary.LittleEndian.Uint32(src[4:])) + 8
	if size < 12 || size > uint64(len(src)) {
		return nil, errStructure
	}
	return src[12:size], nil
}

// nextWebP returns the first chunk of rest and what follows it.
func nextWebP(rest []byte) (c webpChunk, after []byte, err error) {
	if len(rest) < 8 {
		return webpChunk{}, nil, errStructure
	}
	length := uint64(binary.LittleEndian.Uint32(rest[4:]))
	size := 8 + length + length&1
	if size > uint64(len(rest)) {
		return webpChunk{}, nil, errStructure
	}
	return webpChunk{name: string(rest[:4]), raw: rest[:size], body: rest[8 : 8+length]}, rest[size:], nil
}

func inspectWebP(src []byte, info *Info) {
	rest, err := webpChunks(src)
	if err != nil {
		return
	}
	for len(rest) > 0 {
		c, after, err := nextWebP(rest)
		if err != nil {
			return
		}
		rest = after
		switch c.name {
		case "VP8L":
			info.Lossless = true
		case "EXIF":
			info.Orientation = exifOrientation(c.body)
		case "ICCP":
			info.Profile = c.body
		}
	}
}

// WebPAnimated reports whether the file says that it is an animation.
func WebPAnimated(src []byte) bool {
	chunks, err := webpChunks(src)
	if err != nil {
		return false
	}
	first, _, err := nextWebP(chunks)
	return err == nil && first.name == "VP8X" && len(first.body) > 0 && first.body[0]&webpAnimation != 0
}
