package redis

import (
	"bytes"
	"testing"

	"vitrine.dev/internal/cache"
)

// FuzzDecodeValue: what stands in Redis is read as what was written, or not at
// all.
func FuzzDecodeValue(f *testing.F) {
	f.Add(encode(cache.Entry{Version: 1, Body: []byte(`{"id":1}`)}))
	f.Add([]byte("0000000000000000"))
	f.Add([]byte("-000000000000001x"))
	f.Add([]byte("+000000000000001x"))
	f.Add([]byte("000000000000000"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, ok := decode(raw)
		if ok && (e.Version < 1 || !bytes.Equal(encode(e), raw)) {
			t.Errorf("%q is read as version %d and %q", raw, e.Version, e.Body)
		}
	})
}
