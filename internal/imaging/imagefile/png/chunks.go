package png

import (
	"encoding/binary"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// Signature is what every PNG begins with.
const Signature = "\x89PNG\r\n\x1a\n"

// chunk is one chunk of a PNG.
type chunk struct {
	name string
	raw  []byte // with length, name and checksum
	body []byte
}

// nextChunk returns the first chunk of rest and what follows it.
func nextChunk(rest []byte) (c chunk, after []byte, err error) {
	if len(rest) < 12 {
		return chunk{}, nil, structure.ErrBroken
	}
	size := uint64(binary.BigEndian.Uint32(rest)) + 12
	if size > uint64(len(rest)) {
		return chunk{}, nil, structure.ErrBroken
	}
	return chunk{name: string(rest[4:8]), raw: rest[:size], body: rest[8 : size-4]}, rest[size:], nil
}
