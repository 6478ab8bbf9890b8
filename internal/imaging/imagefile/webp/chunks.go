package webp

import (
	"encoding/binary"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// Flags in the first byte of a VP8X chunk.
const (
	flagAnimation = 0x02
	flagXMP       = 0x04
	flagEXIF      = 0x08
	flagAlpha     = 0x10
	flagProfile   = 0x20
)

// chunk is one RIFF chunk of a WebP file.
type chunk struct {
	name string
	raw  []byte // with name, length and padding
	body []byte
}

// chunks returns the bytes of all chunks.
func chunks(src []byte) ([]byte, error) {
	if len(src) < 12 {
		return nil, structure.ErrBroken
	}
	size := uint64(binary.LittleEndian.Uint32(src[4:])) + 8
	if size < 12 || size > uint64(len(src)) {
		return nil, structure.ErrBroken
	}
	return src[12:size], nil
}

// nextChunk returns the first chunk of rest and what follows it.
func nextChunk(rest []byte) (c chunk, after []byte, err error) {
	if len(rest) < 8 {
		return chunk{}, nil, structure.ErrBroken
	}
	length := uint64(binary.LittleEndian.Uint32(rest[4:]))
	size := 8 + length + length&1
	if size > uint64(len(rest)) {
		return chunk{}, nil, structure.ErrBroken
	}
	return chunk{name: string(rest[:4]), raw: rest[:size], body: rest[8 : 8+length]}, rest[size:], nil
}
