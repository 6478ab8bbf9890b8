package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"testing"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// TestPresignPut: with what was presigned, and nothing else, an object can be put, of that length
// at least.
func TestPresignPut(t *testing.T) {
	t.Parallel()
	s := open(t, configure(t))
	body := []byte("a picture")
	sum := sha256.Sum256(body)
	key := blob.UploadKey("x7")
	url, headers, err := s.PresignPut(t.Context(), key, int64(len(body)), sum, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	put := func(url string, body []byte) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range headers {
			r.Header.Set(name, value)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if got := put(url, append(body, "..."...)); got < 400 {
		t.Errorf("a longer body: %d", got)
	}
	if got := put(url, []byte("A PICTURE")); got < 400 {
		t.Errorf("another body of this length: %d", got)
	}
	if _, err := s.Stat(t.Context(), key); fault.KindOf(err) != fault.NotFound {
		t.Errorf("after refusals: %v", err)
	}
	if got := put(url, body); got != http.StatusOK {
		t.Errorf("the body: %d", got)
	}
	object, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer object.Body.Close()
	if got, err := io.ReadAll(object.Body); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%q, %v", got, err)
	}
	if _, _, err := s.PresignPut(t.Context(), "Bad Key", 1, sum, time.Minute); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a bad key: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.PresignPut(ended, key, 1, sum, time.Minute); err == nil {
		t.Error("a context that is done was not noticed")
	}
}
