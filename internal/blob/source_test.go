package blob_test

import (
	"crypto/sha256"
	"testing"

	"vitrine.dev/internal/blob"
)

func TestPrivate(t *testing.T) {
	t.Parallel()
	key := blob.SourceKey(sha256.Sum256(nil))
	if want := "sources/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; key != want {
		t.Errorf("the key of an empty source is %s, want %s", key, want)
	}
	if err := blob.CheckKey(key); err != nil {
		t.Error(err)
	}
	for key, want := range map[string]bool{
		key: true, "sources/a": true, blob.UploadKey("x7"): true, "uploads": false, "sources": false, "sources.webp": false, "aa/sources/w320.webp": false, "": false, blob.ProbeKey: false,
	} {
		if got := blob.Private(key); got != want {
			t.Errorf("%q: private is %t", key, got)
		}
	}
}
