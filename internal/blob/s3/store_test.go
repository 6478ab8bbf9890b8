package s3_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/blob/blobtest"
	"vitrine.dev/internal/blob/s3"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/testserver"
)

// configure returns how to reach a bucket of the test's own, with small pages
// and with limits that a test can wait for.
func configure(t *testing.T) s3.Config {
	t.Helper()
	bucket := testserver.S3(t)
	return s3.Config{
		Bucket: bucket.Bucket, AccessKeyID: bucket.AccessKey, SecretAccessKey: bucket.SecretKey,
		Region: bucket.Region, Endpoint: bucket.Endpoint, PageSize: 7,
	}
}

func open(t *testing.T, cfg s3.Config) *s3.Store {
	t.Helper()
	s, err := s3.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// throughProxy puts a proxy before the server and makes the store give up soon.
func throughProxy(t *testing.T) (*s3.Store, *testserver.TCPProxy) {
	t.Helper()
	cfg := configure(t)
	proxy := testserver.Proxy(t, strings.TrimPrefix(cfg.Endpoint, "http://"))
	cfg.Endpoint = "http://" + proxy.Addr()
	cfg.MaxAttempts = 1
	cfg.Timeout = 5 * time.Second
	return open(t, cfg), proxy
}

func TestConformance(t *testing.T) {
	t.Parallel()
	testserver.S3(t) // skips here, by name, where there is no server
	blobtest.Run(t, blobtest.Harness{
		New: func(t *testing.T) blob.Store { t.Helper(); return open(t, configure(t)) },
		CacheControl: func(t *testing.T, store blob.Store, key string) string {
			t.Helper()
			return header(t, store.(*s3.Store), key).Get("Cache-Control")
		},
		NewBroken: func(t *testing.T) (blob.Store, func()) {
			t.Helper()
			s, proxy := throughProxy(t)
			proxy.Cut()
			return s, proxy.Restore
		},
	})
}

// header reads the object as the public does: without the SDK, by an address
// that is signed for a moment.
func header(t *testing.T, s *s3.Store, key string) http.Header {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Presign(t, key), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("get %s: %s", key, response.Status)
	}
	return response.Header
}

func TestEverythingIsUnavailableWhenTheServerIsDown(t *testing.T) {
	t.Parallel()
	s, proxy := throughProxy(t)
	proxy.Cut()
	for name, err := range everything(t, s) {
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: got %v, want an error of kind unavailable", name, err)
		}
	}
	proxy.Restore()
	for name, err := range everything(t, s) {
		if err != nil {
			t.Errorf("%s after the server came back: %v", name, err)
		}
	}
}

// everything calls each operation once and returns the errors by name.
func everything(t *testing.T, s *s3.Store) map[string]error {
	t.Helper()
	const key = "ab/abc/w320.webp"
	errs := map[string]error{"put": s.Put(t.Context(), key, "image/webp", []byte("x"))}
	object, err := s.Open(t.Context(), key)
	if err == nil {
		_ = object.Body.Close()
	}
	errs["open"] = err
	_, errs["stat"] = s.Stat(t.Context(), key)
	errs["list"] = s.List(t.Context(), "", func(blob.Info) error { return nil })
	errs["delete"] = s.Delete(t.Context(), key)
	errs["ping"] = s.Ping(t.Context())
	return errs
}
