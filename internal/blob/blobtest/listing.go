package blobtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// stock fills the store and returns what List must find, bytes by key.
func stock(t *testing.T, s blob.Store) map[string]int64 {
	t.Helper()
	stored := map[string]int64{}
	for i := range 30 {
		key := fmt.Sprintf("%02x/key-%d/w%d.webp", i%3, i, i)
		stored[key] = int64(i)
		put(t, s, key, "image/webp", make([]byte, i))
	}
	for _, key := range []string{"top.webp", "00.webp", "00-x/a.webp"} {
		stored[key] = 1
		put(t, s, key, "image/webp", []byte("x"))
	}
	return stored
}

func list(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	stored := stock(t, s)
	for _, prefix := range []string{
		"", "0", "00", "00/", "00/key-1", "00/key-1/", "00/key-0/w0.webp", "00-x", "top", "zz", "zz/zz/", "00/key-0/w0.webpx",
	} {
		want := maps.Clone(stored)
		maps.DeleteFunc(want, func(key string, _ int64) bool { return !strings.HasPrefix(key, prefix) })
		got := map[string]int64{}
		err := s.List(t.Context(), prefix, func(info blob.Info) error {
			if _, twice := got[info.Key]; twice {
				t.Errorf("list %q: %s came twice", prefix, info.Key)
			}
			if info.Modified.IsZero() {
				t.Errorf("list %q: %s has no time", prefix, info.Key)
			}
			got[info.Key] = info.Bytes
			return nil
		})
		if err != nil {
			t.Errorf("list %q: %v", prefix, err)
		}
		if !maps.Equal(got, want) {
			t.Errorf("list %q: got %v, want %v", prefix, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
}

func listStops(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	stock(t, s)
	enough := errors.New("enough")
	visited := 0
	err := s.List(t.Context(), "", func(blob.Info) error {
		visited++
		if visited == 12 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || visited != 12 {
		t.Errorf("list returned %v after %d visits, want what visit returned after 12", err, visited)
	}
}

func badPrefixes(t *testing.T, h Harness) {
	t.Helper()
	s, _ := h.NewBroken(t)
	for _, prefix := range []string{"/", "../", "..", "a//", "a/.", "A", "a\x00", "a b"} {
		err := s.List(t.Context(), prefix, func(blob.Info) error { return nil })
		wantKind(t, fmt.Sprintf("list %q", prefix), err, fault.Invalid)
	}
}
