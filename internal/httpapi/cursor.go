package httpapi

import (
	"encoding/base64"
	"encoding/binary"

	"vitrine.dev/internal/catalog"
)

const (
	cursorForm  = 1 // the first byte; another form of cursor gets another
	cursorBytes = 9
)

// encodeCursor makes the opaque text that stands for the last id of a page.
func encodeCursor(id int64) string {
	b := binary.BigEndian.AppendUint64([]byte{cursorForm}, uint64(id)) //nolint:gosec // ids are positive
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeCursor reads it back; ok is false for all that encodeCursor never made.
func decodeCursor(s string) (id int64, ok bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(cursorBytes) {
		return 0, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != cursorBytes || b[0] != cursorForm {
		return 0, false
	}
	n := binary.BigEndian.Uint64(b[1:])
	if n < 1 || n > uint64(catalog.MaxID) {
		return 0, false
	}
	return int64(n), true
}
