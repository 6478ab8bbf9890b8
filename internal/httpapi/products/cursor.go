package products

import (
	"encoding/binary"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit"
)

const (
	cursorKind  = 1
	cursorBytes = 9
)

// encodeCursor makes the opaque text that stands for the last id of a page.
func encodeCursor(id int64) string {
	return httpkit.EncodeCursor(binary.BigEndian.AppendUint64([]byte{cursorKind}, uint64(id))) //nolint:gosec // ids are positive
}

// decodeCursor reads it back; ok is false for all that encodeCursor never made.
func decodeCursor(s string) (id int64, ok bool) {
	b, ok := httpkit.DecodeCursor(s, cursorKind, cursorBytes)
	if !ok {
		return 0, false
	}
	n := binary.BigEndian.Uint64(b[1:])
	if n < 1 || n > uint64(catalog.MaxID) {
		return 0, false
	}
	return int64(n), true
}
