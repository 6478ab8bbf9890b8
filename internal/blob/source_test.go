package blob_test

import (
	"crypto/sha256"
	"os"
	"strings"
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
		key: true, "sources/a": true, blob.UploadKey("x7"): true, blob.ImportKey("x7"): true, "uploads": false, "sources": false, "sources.webp": false, "aa/sources/w320.webp": false, "": false, blob.ProbeKey: false,
	} {
		if got := blob.Private(key); got != want {
			t.Errorf("%q: private is %t", key, got)
		}
	}
}

// TestPolicyOfTheDocs: the example for a bucket that is public leaves out what is private.
func TestPolicyOfTheDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{blob.SourceKey([32]byte{}), blob.UploadKey("x7"), blob.ImportKey("x7")} {
		prefix, _, _ := strings.Cut(key, "/")
		if !blob.Private(key) || !strings.Contains(string(text), `"arn:aws:s3:::BUCKET/`+prefix+`/*"`) {
			t.Errorf("what begins with %s/ is public", prefix)
		}
	}
}
