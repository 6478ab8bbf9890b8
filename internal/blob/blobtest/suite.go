// Package blobtest is the conformance suite of blob.Store. Every adapter runs
// it with Run and thereby means the same as the others.
package blobtest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// Harness is an adapter under test. Each function is called by several
// parallel tests.
type Harness struct {
	// New returns an empty store of the test's own. Its List must need several
	// pages for thirty objects, where the adapter knows pages.
	New func(t *testing.T) blob.Store
	// CacheControl reads the header as the storage would send it to the public,
	// not through the store. Nil where the storage keeps no headers because
	// something else serves the objects.
	CacheControl func(t *testing.T, store blob.Store, key string) string
	// NewBroken returns a store whose storage fails, and is repaired by the
	// function that is returned with it.
	NewBroken func(t *testing.T) (store blob.Store, repair func())
}

// Run runs the suite. The tests are parallel.
func Run(t *testing.T, h Harness) {
	t.Helper()
	tests := []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"round trip", roundTrip},
		{"overwrite", overwrite},
		{"put from", putFrom},
		{"put new", putNew},
		{"open from", openFrom},
		{"missing", missing},
		{"delete", remove},
		{"bad keys", badKeys},
		{"concurrent puts", concurrentPuts},
		{"list", list},
		{"list stops", listStops},
		{"bad prefixes", badPrefixes},
		{"url", url},
		{"cancelled", cancelled},
		{"storage down", down},
		{"probe", probe},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, h)
		})
	}
}

// put stores an object or ends the test.
func put(t *testing.T, s blob.Store, key, contentType string, body []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, contentType, body); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

// expect reads the object back and compares all that is known of it.
func expect(t *testing.T, s blob.Store, key, contentType string, body []byte) {
	t.Helper()
	object, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	got, err := io.ReadAll(object.Body)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	if err := object.Body.Close(); err != nil {
		t.Errorf("close %s: %v", key, err)
	}
	if !bytes.Equal(got, body) {
		t.Errorf("%s: read %d bytes that are not the %d that were put", key, len(got), len(body))
	}
	describes(t, object.Info, key, contentType, len(body))
	info, err := s.Stat(t.Context(), key)
	if err != nil {
		t.Fatalf("stat %s: %v", key, err)
	}
	describes(t, info, key, contentType, len(body))
}

func describes(t *testing.T, got blob.Info, key, contentType string, size int) {
	t.Helper()
	if got.Key != key || got.ContentType != contentType || got.Bytes != int64(size) {
		t.Errorf("described as %+v, want key %s, type %s, %d bytes", got, key, contentType, size)
	}
	if age := time.Since(got.Modified); age < -time.Minute || age > time.Hour {
		t.Errorf("%s: modified at %s, which is not just now", key, got.Modified)
	}
}

// operations are all that take a key and a context, by name.
func operations(s blob.Store) map[string]func(ctx context.Context, key string) error {
	return map[string]func(context.Context, string) error{
		"put": func(ctx context.Context, key string) error {
			return s.Put(ctx, key, "image/webp", []byte("body"))
		},
		"put from": func(ctx context.Context, key string) error {
			return s.PutFrom(ctx, key, "image/webp", strings.NewReader("body"))
		},
		"open": func(ctx context.Context, key string) error {
			object, err := s.Open(ctx, key)
			if err == nil {
				_ = object.Body.Close()
			}
			return err
		},
		"open from": func(ctx context.Context, key string) error {
			object, err := s.OpenFrom(ctx, key, 1)
			if err == nil {
				_ = object.Body.Close()
			}
			return err
		},
		"stat": func(ctx context.Context, key string) error {
			_, err := s.Stat(ctx, key)
			return err
		},
		"delete": s.Delete,
	}
}

func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("%s: got %v (%s), want an error of kind %s", what, err, fault.KindOf(err), want)
	}
}
