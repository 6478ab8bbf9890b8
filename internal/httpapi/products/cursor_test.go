package products

import (
	"testing"

	"vitrine.dev/internal/catalog"
)

func FuzzDecodeCursor(f *testing.F) {
	f.Add(encodeCursor(1))
	f.Add(encodeCursor(catalog.MaxID))
	f.Add("AQAAAAAAAAAA")
	f.Add("AQAAAAAA\r\nBl")
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := decodeCursor(s)
		if !ok {
			return
		}
		if id < 1 || id > catalog.MaxID || encodeCursor(id) != s {
			t.Errorf("decodeCursor(%q) = %d", s, id)
		}
	})
}

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	for _, id := range []int64{1, 2, 101, 1 << 32, catalog.MaxID} {
		if got, ok := decodeCursor(encodeCursor(id)); !ok || got != id {
			t.Errorf("%d became %d, %v", id, got, ok)
		}
	}
	for _, id := range []int64{0, catalog.MaxID + 1} {
		if got, ok := decodeCursor(encodeCursor(id)); ok {
			t.Errorf("%d was accepted as %d", id, got)
		}
	}
}
