package fetch_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(strings.Trim(r.URL.Path, "/"))
		if err != nil {
			t.Errorf("asked for %s", r.URL)
		}
		rw.Header().Set("Retry-After", "30")
		rw.WriteHeader(code)
		_, _ = io.WriteString(rw, "body")
	})
	f := n.fetcher(t, limits())
	want := map[int]fault.Reason{200: "", 203: ""}
	for _, code := range []int{201, 204, 205, 207, 208, 226, 299} {
		want[code] = fault.UnsupportedType
	}
	for _, code := range []int{404, 410} {
		want[code] = fault.SourceNotFound
	}
	// Redirects that lead nowhere are refusals, too.
	for _, code := range []int{
		300, 301, 302, 303, 305, 306, 307, 308, 399,
		400, 401, 402, 403, 405, 406, 407, 409, 411, 413, 418, 421, 422, 423, 424, 426, 431, 451, 499,
	} {
		want[code] = fault.SourceForbidden
	}
	blame := map[int]fault.Blame{
		202: fault.BlameURL, 206: fault.BlameURL, 304: fault.BlameURL, 412: fault.BlameURL, 416: fault.BlameURL, 408: fault.BlameURL, 425: fault.BlameURL, 429: fault.BlameHost, 503: fault.BlameHost,
	}
	for _, code := range []int{500, 501, 502, 504, 505, 507, 508, 511, 520, 599, 999} {
		blame[code] = fault.BlameEither
	}
	for code := range blame {
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
		var wait time.Duration
		if reason == fault.SourceUnreachable {
			wait = 30 * time.Second
		}
		if got := wantReason(t, strconv.Itoa(code), err, reason); got != wait {
			t.Errorf("%d: retry after %s, want %s", code, got, wait)
		}
		if failure, ok := fault.FailureOf(err); !ok || failure.Blame != blame[code] {
			t.Errorf("%d: the blame is %d, want %d", code, failure.Blame, blame[code])
		}
	}
}

// Whose fault it is that no whole file came: the host's that is silent or
// hangs, no one's for certain where one has answered and another fails.
func TestBlame(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	serve := func(talk func(net.Conn)) string {
		return n.Add(n.serveRaw(t, func(conn net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				talk(conn)
			}
		}), "http")
	}
	silent := serve(func(net.Conn) {})
	short := serve(say(ok + "Content-Length: 8\r\n\r\npicture"))
	hanging := serve(hang(ok + "Content-Length: 8\r\n\r\npicture"))
	odd := serve(say("HTTP/1.1 099 Odd\r\n\r\n"))
	moved := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/busy" {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		http.Redirect(rw, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	cfg := limits()
	cfg.IdleTimeout = soon
	f := n.fetcher(t, cfg)
	for target, want := range map[string]fault.Blame{
		silent: fault.BlameHost, short: fault.BlameEither, hanging: fault.BlameHost, odd: fault.BlameEither,
		moved + "/?to=" + silent: fault.BlameEither, moved + "/?to=" + hanging: fault.BlameHost,
		moved + "/?to=/busy": fault.BlameHost,
	} {
		_, err := f.Fetch(t.Context(), target)
		if failure, ok := fault.FailureOf(err); !ok || failure.Blame != want || !failure.Reason.Retryable() {
			t.Errorf("%s: %v, the blame is %d, want %d", target, err, failure.Blame, want)
		}
	}
}

func TestBodySizes(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
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
	f := n.fetcher(t, cfg)
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
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header()["Content-Type"] = r.URL.Query()["type"]
		_, _ = io.WriteString(rw, "bytes")
	})
	f := n.fetcher(t, limits())
	for _, query := range []string{"a.jpg", "a.exe?type=image/jpeg", "a.jpg?type=text/html", "a?type=;;;", "a?type=a&type=b"} {
		if body, err := f.Fetch(t.Context(), base+"/"+query); err != nil || string(body) != "bytes" {
			t.Errorf("%s: got %q, %v", query, body, err)
		}
	}
}

// TestNoRoom: what keeps the body says why it cannot, and the host is not to blame.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("bytes")) })
	full := fault.Fail(fault.StorageUnavailable, "Full.", io.ErrShortWrite)
	_, err := n.fetcher(t, limits()).Fetcher.Fetch(t.Context(), media.Source{URL: base}, fullDisk{full})
	wantReason(t, "a full disk", err, fault.StorageUnavailable)
	if f, _ := fault.FailureOf(err); f == nil || f.Blame == fault.BlameHost {
		t.Errorf("the host is to blame: %v", f)
	}
}

type fullDisk struct{ err error }

func (d fullDisk) Write([]byte) (int, error) { return 0, d.err }
