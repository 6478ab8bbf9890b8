package blobtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

func roundTrip(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	large := bytes.Repeat([]byte("0123456789abcdef"), 5<<20/16)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, o := range []struct {
		key, contentType string
		body             []byte
	}{
		{"one.jpeg", "image/jpeg", []byte("a")},
		{"ab/abc/compressed.jpg", "image/jpeg", every},
		{"ab/abc/w320.webp", "image/webp", []byte("small")},
		{"ab/abc/w800.avif", "image/avif", []byte("smaller")},
		{"a-b/c_d/e.f.png", "image/png", []byte("dotted")},
		{"empty.gif", "image/gif", []byte{}},
		{"nil.gif", "image/gif", nil},
		{"large.webp", "image/webp", large},
	} {
		put(t, s, o.key, o.contentType, o.body)
		expect(t, s, o.key, o.contentType, o.body)
		if h.CacheControl == nil {
			continue
		}
		if got := h.CacheControl(t, s, o.key); got != blob.CacheControl {
			t.Errorf("%s: Cache-Control is %q, want %q", o.key, got, blob.CacheControl)
		}
	}
}

func overwrite(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	const key = "ab/abc/w320.webp"
	for range 3 {
		put(t, s, key, "image/webp", []byte("the same"))
		expect(t, s, key, "image/webp", []byte("the same"))
	}
	// Content under a key never changes, but a new body must not be mixed with
	// what a defect stored before.
	put(t, s, key, "image/webp", []byte("short"))
	expect(t, s, key, "image/webp", []byte("short"))
}

// putFrom stores what is left of a body, and nothing of one that cannot be read to its end.
func putFrom(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	large := bytes.Repeat([]byte("0123456789abcdef"), 5<<20/16)
	source := blob.SourceKey(sha256.Sum256(large))
	for _, o := range []struct {
		key, contentType string
		body             []byte
		skip             int64
	}{
		{source, blob.SourceType, large, 0},
		{source, blob.SourceType, large, 0}, // again
		{"ab/abc/w320.webp", "image/webp", []byte("small"), 0},
		{"empty.gif", "image/gif", nil, 0},
		{"half.webp", "image/webp", []byte("0123456789"), 5},
		{"end.webp", "image/webp", []byte("0123456789"), 10},
	} {
		body := bytes.NewReader(o.body)
		if _, err := body.Seek(o.skip, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if err := s.PutFrom(t.Context(), o.key, o.contentType, body); err != nil {
			t.Fatalf("put %s: %v", o.key, err)
		}
		expect(t, s, o.key, o.contentType, o.body[o.skip:])
	}
	if err := s.Delete(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	broken := fault.New(fault.Stale, "the body is broken")
	err := s.PutFrom(t.Context(), source, blob.SourceType, &brokenBody{Reader: bytes.NewReader(large), err: broken})
	if !errors.Is(err, broken) || fault.KindOf(err) != fault.Stale {
		t.Errorf("a broken body: got %v of kind %s, want its own error", err, fault.KindOf(err))
	}
	_, err = s.Stat(t.Context(), source)
	wantKind(t, "stat of half an object", err, fault.NotFound)
}

// brokenBody fails within its second half.
type brokenBody struct {
	*bytes.Reader

	err error
}

func (b *brokenBody) Read(p []byte) (int, error) {
	if int64(b.Len()) < b.Size()/2 {
		return 0, b.err
	}
	return b.Reader.Read(p)
}

// WriteTo is not that of the Reader, which would not fail.
func (b *brokenBody) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{b})
}

// putNew: of many at once one stores its object, all of it, and no later one.
func putNew(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	const key = "installation/marker.webp"
	var group sync.WaitGroup
	stored := make(chan []byte, 16)
	for i := range cap(stored) {
		group.Go(func() {
			body := fmt.Appendf(nil, "writer %d", i)
			ok, err := s.PutNew(t.Context(), key, "image/webp", body)
			if err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
			if ok {
				stored <- body
			}
		})
	}
	group.Wait()
	close(stored)
	if len(stored) != 1 {
		t.Fatalf("%d of %d were stored, want one", len(stored), cap(stored))
	}
	first := <-stored
	expect(t, s, key, "image/webp", first)
	if ok, err := s.PutNew(t.Context(), key, "image/webp", []byte("later")); ok || err != nil {
		t.Errorf("a later one: stored = %v, %v", ok, err)
	}
	expect(t, s, key, "image/webp", first)
	if ok, err := s.PutNew(t.Context(), "installation/other.webp", "image/webp", []byte("x")); !ok || err != nil {
		t.Errorf("another key: stored = %v, %v", ok, err)
	}
}

// openFrom reads objects from anywhere on.
func openFrom(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	body := bytes.Repeat([]byte("0123456789"), 100_000)
	put(t, s, "large.webp", "image/webp", body)
	put(t, s, "empty.gif", "image/gif", nil)
	for _, c := range []struct {
		key, contentType string
		all              []byte
		offset           int64
	}{
		{"large.webp", "image/webp", body, 0},
		{"large.webp", "image/webp", body, 1},
		{"large.webp", "image/webp", body, 999_999},
		{"large.webp", "image/webp", body, 1_000_000},
		{"large.webp", "image/webp", body, 2_000_000},
		{"empty.gif", "image/gif", nil, 0},
		{"empty.gif", "image/gif", nil, 7},
	} {
		object, err := s.OpenFrom(t.Context(), c.key, c.offset)
		if err != nil {
			t.Fatalf("open %s from %d: %v", c.key, c.offset, err)
		}
		got, err := io.ReadAll(object.Body)
		if want := c.all[min(c.offset, int64(len(c.all))):]; err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s from %d: read %d bytes that are not the %d that follow, %v", c.key, c.offset, len(got), len(want), err)
		}
		if err := object.Body.Close(); err != nil {
			t.Errorf("close %s: %v", c.key, err)
		}
		describes(t, object.Info, c.key, c.contentType, len(c.all))
	}
}

func missing(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	put(t, s, "ab/abc/w320.webp", "image/webp", []byte("x"))
	for _, key := range []string{"gone.webp", "ab/gone.webp", "ab/abc", "ab", "zz/zz/zz.webp", "ab/abc/w320"} {
		for name, do := range operations(s) {
			switch name {
			case "open", "open from", "stat":
				wantKind(t, name+" "+key, do(t.Context(), key), fault.NotFound)
			case "delete":
				if err := do(t.Context(), key); err != nil {
					t.Errorf("delete %s: %v", key, err)
				}
			}
		}
	}
	expect(t, s, "ab/abc/w320.webp", "image/webp", []byte("x"))
}

func remove(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	put(t, s, "ab/abc/w320.webp", "image/webp", []byte("goes"))
	put(t, s, "ab/abc/w800.webp", "image/webp", []byte("stays"))
	for range 2 {
		if err := s.Delete(t.Context(), "ab/abc/w320.webp"); err != nil {
			t.Fatalf("delete: %v", err)
		}
	}
	_, err := s.Stat(t.Context(), "ab/abc/w320.webp")
	wantKind(t, "stat of what was deleted", err, fault.NotFound)
	expect(t, s, "ab/abc/w800.webp", "image/webp", []byte("stays"))
	put(t, s, "ab/abc/w320.webp", "image/webp", []byte("returns"))
	expect(t, s, "ab/abc/w320.webp", "image/webp", []byte("returns"))
}

func badKeys(t *testing.T, h Harness) {
	t.Helper()
	// A storage that is down shows that no input or output comes first.
	s, _ := h.NewBroken(t)
	for _, key := range []string{
		"", "/", "/etc/passwd", "../x.webp", "a/../../x.webp", "a//b.webp", "a/", ".tmp/x.webp", "a/.b.webp",
		"UPPER.webp", "a\x00.webp", "a\\b.webp", "a b.webp", "%2e%2e/x.webp", strings.Repeat("a", blob.MaxKeyBytes+1),
	} {
		for name, do := range operations(s) {
			wantKind(t, fmt.Sprintf("%s %.40q", name, key), do(t.Context(), key), fault.Invalid)
		}
	}
}

func concurrentPuts(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	const writers, rounds = 8, 4
	body := bytes.Repeat([]byte("same content "), 20_000)
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for r := range rounds {
				if err := s.Put(t.Context(), "ab/abc/shared.webp", "image/webp", body); err != nil {
					t.Errorf("put the shared key: %v", err)
				}
				own := fmt.Sprintf("ab/own-%d/w%d.webp", w, r)
				if err := s.Put(t.Context(), own, "image/webp", []byte(own)); err != nil {
					t.Errorf("put %s: %v", own, err)
				}
			}
		})
		wait.Go(func() {
			for range rounds {
				info, err := s.Stat(t.Context(), "ab/abc/shared.webp")
				if err == nil && info.Bytes != int64(len(body)) {
					t.Errorf("a reader saw %d of %d bytes", info.Bytes, len(body))
				}
			}
		})
	}
	wait.Wait()
	expect(t, s, "ab/abc/shared.webp", "image/webp", body)
	for w := range writers {
		for r := range rounds {
			own := fmt.Sprintf("ab/own-%d/w%d.webp", w, r)
			expect(t, s, own, "image/webp", []byte(own))
		}
	}
}

func url(t *testing.T, h Harness) {
	t.Helper()
	s := h.New(t)
	const key = "ab/abc/w320.webp"
	got := s.URL(key)
	if !strings.HasPrefix(got, "http") || !strings.HasSuffix(got, "/"+key) || strings.HasSuffix(got, "//"+key) {
		t.Errorf("URL(%q) = %q", key, got)
	}
}
