package httpapi

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
)

const (
	deadCursorForm  = 2
	deadCursorBytes = 18
)

// encodeDeadCursor makes the opaque text that stands for a place in the list
// of dead letters: its time in milliseconds, its kind and its number.
func encodeDeadCursor(p failures.Position) string {
	b := binary.BigEndian.AppendUint64([]byte{deadCursorForm}, uint64(p.At.UnixMilli()))
	b = append(b, kindByte(p.ID.Kind))
	b = binary.BigEndian.AppendUint64(b, uint64(p.ID.N)) //nolint:gosec // ids are positive
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeDeadCursor reads it back; ok is false for all that encodeDeadCursor
// never made.
func decodeDeadCursor(s string) (p failures.Position, ok bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(deadCursorBytes) {
		return p, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s) // which passes over line breaks
	if err != nil || len(b) != deadCursorBytes || b[0] != deadCursorForm {
		return p, false
	}
	at, n := binary.BigEndian.Uint64(b[1:9]), binary.BigEndian.Uint64(b[10:])
	for _, kind := range []failures.Kind{failures.KindImage, failures.KindMessage} {
		if kindByte(kind) == b[9] && at <= uint64(catalog.MaxID) && n >= 1 && n <= uint64(catalog.MaxID) {
			return failures.Position{
				At: time.UnixMilli(int64(at)).UTC(), ID: failures.ID{Kind: kind, N: int64(n)},
			}, true
		}
	}
	return p, false
}

func kindByte(k failures.Kind) byte { return string(k)[0] }
