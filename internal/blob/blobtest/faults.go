package blobtest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

func cancelled(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	put(t, s, "ab/abc/w320.webp", "image/webp", []byte("x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all := operations(s)
	all["list"] = func(ctx context.Context, _ string) error {
		return s.List(ctx, "", func(blob.Info) error { return nil })
	}
	all["ping"] = func(ctx context.Context, _ string) error { return s.Ping(ctx) }
	for name, do := range all {
		err := do(ctx, "ab/abc/w320.webp")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want that the context was cancelled", name, err)
		}
		if fault.KindOf(err) == fault.Unavailable {
			t.Errorf("%s: blames the storage for a cancelled context: %v", name, err)
		}
	}
	expect(t, s, "ab/abc/w320.webp", "image/webp", []byte("x"))
}

func down(t *testing.T, h Harness) {
	t.Helper()
	s, repair := h.NewBroken(t)
	const key = "ab/abc/w320.webp"
	wantKind(t, "put", s.Put(t.Context(), key, "image/webp", []byte("x")), fault.Unavailable)
	wantKind(t, "put from", s.PutFrom(t.Context(), key, "image/webp", strings.NewReader("x")), fault.Unavailable)
	_, err := s.PutNew(t.Context(), key, "image/webp", []byte("x"))
	wantKind(t, "put new", err, fault.Unavailable)
	wantKind(t, "ping", s.Ping(t.Context()), fault.Unavailable)
	wantKind(t, "probe", blob.Probe(t.Context(), s), fault.Unavailable)
	repair()
	if err := s.Ping(t.Context()); err != nil {
		t.Fatalf("ping after the repair: %v", err)
	}
	put(t, s, key, "image/webp", []byte("x"))
	expect(t, s, key, "image/webp", []byte("x"))
}

// probe stores what a probe stores, any number of times, and leaves what is
// published alone.
func probe(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	put(t, s, "ab/abc/w320.webp", "image/webp", []byte("x"))
	for range 3 {
		if err := blob.Probe(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := s.Stat(t.Context(), blob.ProbeKey); err != nil || info.Bytes == 0 {
		t.Errorf("a probe left %+v, %v", info, err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	expect(t, s, "ab/abc/w320.webp", "image/webp", []byte("x"))
}
