package fetch_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(strings.Trim(r.URL.Path, "/"))
		if err != nil {
			t.Errorf("asked for %s", r.URL)
		}
		rw.Header().Set("Retry-After", "30")
		rw.WriteHeader(code)
		_, _ = io.WriteString(rw, "body")
	})
	f := w.fetcher(t, limits())
	want := map[int]fault.Reason{200: "", 203: "", 202: fault.SourceUnreachable, 206: fault.SourceUnreachable}
	for _, code := range []int{201, 204, 205, 226, 299} {
		want[code] = fault.UnsupportedType
	}
	for _, code := range []int{404, 410} {
		want[code] = fault.SourceNotFound
	}
	// Redirects that lead nowhere are refusals, too.
	for _, code := range []int{300, 301, 302, 303, 304, 305, 306, 307, 308, 399, 400, 401, 402, 403, 405, 406, 407, 409, 411, 413, 416, 418, 421, 422, 426, 431, 451, 499} {
		want[code] = fault.SourceForbidden
	}
	for _, code := range []int{408, 425, 429, 500, 501, 502, 503, 504, 507, 520, 599, 999} {
		want[code] = fault.SourceUnreachable
	}
	for code, reason := range want {
		body, err := f.Fetch(t.Context(), fmt.Sprintf("%s/%d", base, code))
		if reason == "" {
			if err != nil || string(body) != "body" {
				t.Errorf("%d: got %q, %v", code, body, err)
			}
			continue
		}
		got := wantReason(t, strconv.Itoa(code), err, reason)
		var wait time.Duration
		if reason == fault.SourceUnreachable && code >= 400 {
			wait = 30 * time.Second
		}
		if got != wait {
			t.Errorf("%d: retry after %s, want %s", code, got, wait)
		}
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("Accept-Encoding is %q", got)
		}
		for _, value := range r.URL.Query()["e"] {
			rw.Header().Add("Content-Encoding", value)
		}
		_, _ = io.WriteString(rw, "\x1f\x8bbody")
	})
	f := w.fetcher(t, limits())
	for query, reason := range map[string]fault.Reason{
		"": "", "e=": "", "e=identity": "", "e=Identity,+identity": "",
		"e=gzip": fault.UnsupportedType, "e=GZIP": fault.UnsupportedType, "e=x-gzip": fault.UnsupportedType,
		"e=br": fault.UnsupportedType, "e=zstd": fault.UnsupportedType, "e=deflate": fault.UnsupportedType,
		"e=gzip,+gzip": fault.UnsupportedType, "e=identity&e=gzip": fault.UnsupportedType, "e=none": fault.UnsupportedType,
	} {
		body, err := f.Fetch(t.Context(), base+"/?"+query)
		if reason != "" {
			wantReason(t, query, err, reason)
		} else if err != nil || string(body) != "\x1f\x8bbody" {
			t.Errorf("%s: got %q, %v: bytes that look packed stay packed", query, body, err)
		}
	}
}

func TestBodySizes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
		size, err := strconv.Atoi(r.URL.Query().Get("size"))
		if err != nil {
			t.Errorf("asked for %s", r.URL)
		}
		if r.URL.Path == "/told" {
			rw.Header().Set("Content-Length", strconv.Itoa(size))
		} else if err := http.NewResponseController(rw).Flush(); err != nil {
			t.Error(err)
		}
		_, _ = io.CopyN(rw, repeat('x'), int64(size))
	})
	cfg := limits()
	cfg.MaxBytes = 200_000
	f := w.fetcher(t, cfg)
	for size, reason := range map[int]fault.Reason{
		0: fault.UnsupportedType, 1: "", 65_535: "", 65_536: "", 65_537: "", 131_072: "", 199_999: "", 200_000: "",
		200_001: fault.TooLargeBytes, 5_000_000: fault.TooLargeBytes,
	} {
		for _, path := range []string{"/told", "/untold"} {
			what := fmt.Sprintf("%s %d bytes", path, size)
			body, err := f.Fetch(t.Context(), fmt.Sprintf("%s%s?size=%d", base, path, size))
			if reason != "" {
				wantReason(t, what, err, reason)
			} else if err != nil || len(body) != size || strings.Trim(string(body), "x") != "" {
				t.Errorf("%s: got %d bytes, %v", what, len(body), err)
			}
		}
	}
}

type repeat byte

func (b repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

// The Content-Type and the name say nothing about a picture.
func TestTypesAreNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header()["Content-Type"] = r.URL.Query()["type"]
		_, _ = io.WriteString(rw, "bytes")
	})
	f := w.fetcher(t, limits())
	for _, query := range []string{"a.jpg", "a.exe?type=image/jpeg", "a.jpg?type=text/html", "a?type=;;;", "a?type=a&type=b"} {
		if body, err := f.Fetch(t.Context(), base+"/"+query); err != nil || string(body) != "bytes" {
			t.Errorf("%s: got %q, %v", query, body, err)
		}
	}
}
