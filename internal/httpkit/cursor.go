package httpkit

import "encoding/base64"

// EncodeCursor makes the opaque text that stands for a position in a list. The
// first byte of b names the kind of cursor.
func EncodeCursor(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// DecodeCursor reads back a cursor of the kind that has size bytes; ok is false
// for every text that EncodeCursor cannot have made of one.
func DecodeCursor(s string, kind byte, size int) (b []byte, ok bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(size) {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s) // which skips line breaks
	return b, err == nil && len(b) == size && b[0] == kind
}
