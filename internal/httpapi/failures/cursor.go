package failures

import (
	"encoding/binary"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/httpkit"
)

const (
	cursorKind  = 2
	cursorBytes = 18
)

// encodeCursor makes the opaque text that stands for a position in the
// list of dead letters: its time in milliseconds, its kind and its number.
func encodeCursor(p failures.Position) string {
	b := binary.BigEndian.AppendUint64([]byte{cursorKind}, uint64(p.At.UnixMilli()))
	b = append(b, kindByte(p.ID.Kind))
	b = binary.BigEndian.AppendUint64(b, uint64(p.ID.N)) //nolint:gosec // ids are positive
	return httpkit.EncodeCursor(b)
}

// decodeCursor reads it back; ok is false for all that encodeCursor
// never made.
func decodeCursor(s string) (p failures.Position, ok bool) {
	b, ok := httpkit.DecodeCursor(s, cursorKind, cursorBytes)
	if !ok {
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
