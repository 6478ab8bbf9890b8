package blob_test

import (
	"path"
	"strings"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

func TestCheckKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"a", "a.webp", "ab/abcdef0123/w-320.webp", "a_b/c-d.e.f", "-", "_", "0",
		strings.Repeat("a", blob.MaxKeyBytes),
	} {
		if err := blob.CheckKey(key); err != nil {
			t.Errorf("%.40q is refused: %v", key, err)
		}
	}
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", ".hidden", "a/.hidden",
		"A", "ä", "a b", "a\\b", "a:b", "a%2e", "a\x00", "a\n", "a?b", "a#b", "a+b", "a~b", "\xff",
		strings.Repeat("a", blob.MaxKeyBytes+1),
	} {
		if err := blob.CheckKey(key); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%.40q: got %v, want an error of kind invalid", key, err)
		}
	}
}

func TestCheckPrefix(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "ab/c-"} {
		if err := blob.CheckPrefix(prefix); err != nil {
			t.Errorf("%q is refused: %v", prefix, err)
		}
	}
	for _, prefix := range []string{"/", "//", "a//", "..", "../", "a/.", "a/../", "A", strings.Repeat("a", 2000)} {
		if err := blob.CheckPrefix(prefix); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%.40q: got %v, want an error of kind invalid", prefix, err)
		}
	}
}

// A key that passes means the same as a path, as a URL and in any letter case.
func FuzzCheckKey(f *testing.F) {
	for _, seed := range []string{"ab/cd/w320.webp", "../x", "a/./b", "a//b", "\x00", "A", "a/.tmp/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if blob.CheckKey(key) != nil {
			return
		}
		if path.Clean("/"+key) != "/"+key {
			t.Errorf("%q is not a clean path", key)
		}
		if strings.ToLower(key) != key || strings.ContainsAny(key, "\\:%?#&+ \x00") {
			t.Errorf("%q does not mean the same everywhere", key)
		}
		if err := blob.CheckPrefix(key); err != nil {
			t.Errorf("key %q is no prefix: %v", key, err)
		}
	})
}
