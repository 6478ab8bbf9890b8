package find

import (
	"slices"
	"testing"
)

func TestPieces(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       Name
		all, words []string
	}{
		{Part("Café"), []string{"caf", "afe"}, []string{"caf", "afe"}},
		{Part("a lamp"), []string{"a l", " la", "lam", "amp"}, []string{"lam", "amp"}},
		{Part("aaaa"), []string{"aaa"}, []string{"aaa"}},
		{Part("a b"), []string{"a b"}, []string{"a b"}},
		{Part("?!?"), []string{"?!?"}, nil},
		{Part("ab"), nil, nil},
		{Query("qu"), nil, nil},
	} {
		if got := tc.name.Pieces(false); !slices.Equal(got, tc.all) {
			t.Errorf("%+v has %q, want %q", tc.name, got, tc.all)
		}
		if got := tc.name.Pieces(true); !slices.Equal(got, tc.words) {
			t.Errorf("%+v has %q of words, want %q", tc.name, got, tc.words)
		}
	}
	for name, has := range map[string]bool{"a lamp": true, "amp lam": true, "lama": false} {
		if HasAll(name, Part("lamp").Pieces(true)) != has {
			t.Errorf("%q has all pieces of lamp: %t", name, !has)
		}
	}
	if !Few(0, SampleSize) || !Few(4, SampleSize) || Few(5, SampleSize) {
		t.Error("few are up to one in fifty")
	}
}
