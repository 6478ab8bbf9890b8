package fetch_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fetch"
)

func gzipped(b []byte) []byte {
	return packed(b, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func zlibbed(b []byte) []byte {
	return packed(b, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
}

func deflated(b []byte) []byte {
	return packed(b, func(w io.Writer) io.WriteCloser {
		d, _ := flate.NewWriter(w, flate.DefaultCompression)
		return d
	})
}

func packed(b []byte, with func(io.Writer) io.WriteCloser) []byte {
	var out bytes.Buffer
	w := with(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// changed is b with one byte changed, counted from the end where at is negative.
func changed(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[(at+len(b))%len(b)] ^= 0x55
	return b
}

// encoded is an answer with Content-Encoding headers.
type encoded struct {
	headers string // separated by |
	body    []byte
	want    fault.Reason // none: the decoded body is plain
	plain   []byte
}

func encodings() map[string]encoded {
	plain := bytes.Repeat([]byte("\xff\xd8 a picture \xff\xd9"), 5000)
	random := make([]byte, 100_000)
	for i := range random { // grows when it is compressed
		random[i] = byte(i * i >> 7)
	}
	zip := gzipped(plain)
	return map[string]encoded{
		"none":                  {"", zip, "", zip}, // bytes that look packed stay packed
		"empty header":          {" , |", zip, "", zip},
		"identity":              {"Identity, identity", zip, "", zip},
		"gzip":                  {"gzip", zip, "", plain},
		"letter case":           {" GZip ", zip, "", plain},
		"old name":              {"X-GZIP", zip, "", plain},
		"zlib":                  {"deflate", zlibbed(plain), "", plain},
		"bare deflate":          {"Deflate", deflated(plain), "", plain},
		"bare deflate, short":   {"deflate", deflated([]byte{1}), "", []byte{1}},
		"not to be compressed":  {"gzip", gzipped(random), "", random},
		"several":               {"deflate, gzip", gzipped(deflated(plain)), "", plain},
		"several headers":       {"gzip|identity|deflate", zlibbed(gzipped(plain)), "", plain},
		"three":                 {"gzip, gzip, gzip", gzipped(gzipped(zip)), "", plain},
		"members":               {"gzip", bytes.Join([][]byte{zip, gzipped(nil), gzipped([]byte("x"))}, nil), "", append(bytes.Clone(plain), 'x')},
		"many empty members":    {"gzip", append(bytes.Repeat(gzipped(nil), 999), zip...), "", plain},
		"empty members inside":  {"gzip,gzip", gzipped(append(bytes.Repeat(gzipped(nil), 500), zip...)), "", plain},
		"too many members":      {"gzip", bytes.Repeat(gzipped([]byte("x")), 1001), fault.DecodeFailed, nil},
		"padding":               {"gzip", append(bytes.Clone(zip), make([]byte, 512)...), "", plain},
		"a payload":             {"gzip", append(bytes.Clone(zip), "payload"...), "", plain},
		"four":                  {"gzip,gzip,gzip,gzip", gzipped(gzipped(gzipped(zip))), fault.UnsupportedType, nil},
		"brotli":                {"br", zip, fault.UnsupportedType, nil},
		"zstd":                  {"gzip, ZSTD", zip, fault.UnsupportedType, nil},
		"compress":              {"compress", zip, fault.UnsupportedType, nil},
		"a word":                {"none", zip, fault.UnsupportedType, nil},
		"a long word":           {strings.Repeat("x", 5000), zip, fault.UnsupportedType, nil},
		"not what it says":      {"gzip", plain, fault.DecodeFailed, nil},
		"not what it says, too": {"deflate", plain, fault.DecodeFailed, nil},
		"damaged":               {"gzip", changed(zip, 40), fault.DecodeFailed, nil},
		"wrong sum":             {"gzip", changed(zip, -6), fault.DecodeFailed, nil},
		"wrong length":          {"gzip", changed(zip, -1), fault.DecodeFailed, nil},
		"wrong sum of zlib":     {"deflate", changed(zlibbed(plain), -1), fault.DecodeFailed, nil},
		"empty":                 {"gzip", nil, fault.UnsupportedType, nil},
		"empty deflate":         {"deflate", nil, fault.UnsupportedType, nil},
		"empty inside":          {"gzip", gzipped(nil), fault.UnsupportedType, nil},
		"one byte":              {"gzip", zip[:1], fault.SourceUnreachable, nil},
		"a header":              {"gzip", zip[:10], fault.SourceUnreachable, nil},
		"half":                  {"gzip", zip[:len(zip)/2], fault.SourceUnreachable, nil},
		"without its sum":       {"gzip", zip[:len(zip)-8], fault.SourceUnreachable, nil},
		"without its last byte": {"gzip", zip[:len(zip)-1], fault.SourceUnreachable, nil},
		"half a second member":  {"gzip", append(bytes.Clone(zip), zip[:5]...), fault.SourceUnreachable, nil},
		"half of zlib":          {"deflate", zlibbed(plain)[:20], fault.SourceUnreachable, nil},
		"half of deflate":       {"deflate", deflated(plain)[:20], fault.SourceUnreachable, nil},
		"half inside":           {"gzip, deflate", deflated(zip[:len(zip)/2]), fault.SourceUnreachable, nil},
		"as large as may be":    {"gzip", gzipped(make([]byte, 1<<20)), "", make([]byte, 1<<20)},
		"too large":             {"gzip", gzipped(make([]byte, 1<<20+1)), fault.TooLargeBytes, nil},
		"bomb":                  {"gzip", gzipped(make([]byte, 20<<20)), fault.TooLargeBytes, nil},
		"bomb of deflate":       {"deflate", zlibbed(make([]byte, 20<<20)), fault.TooLargeBytes, nil},
		"bomb in a bomb":        {"gzip, gzip", gzipped(gzipped(make([]byte, 20<<20))), fault.TooLargeBytes, nil},
		"bomb of nothing":       {"gzip, gzip", gzipped(bytes.Repeat(gzipped(nil), 100_000)), fault.DecodeFailed, nil},
		"bomb of empty blocks":  {"deflate, gzip", gzipped(bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 10<<20)), fault.TooLargeBytes, nil},
	}
}

// A content coding that no one asked for is undone within the limits: the
// picture inside is what the hash, the type and the limit of bytes are about.
func TestEncodings(t *testing.T) {
	t.Parallel()
	cases := encodings()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("Accept-Encoding is %q", got)
		}
		c := cases[r.URL.Query().Get("case")]
		if c.headers != "" {
			rw.Header()["Content-Encoding"] = strings.Split(c.headers, "|")
		}
		if r.URL.Query().Has("length") {
			rw.Header().Set("Content-Length", strconv.Itoa(len(c.body)))
		} else if err := http.NewResponseController(rw).Flush(); err != nil {
			t.Error(err)
		}
		_, _ = rw.Write(c.body)
	})
	f := n.fetcher(t, limits())
	for name, c := range cases {
		for _, length := range []string{"", "&length"} {
			got, err := f.Fetch(t.Context(), base+"/?case="+url.QueryEscape(name)+length)
			if c.want != "" {
				wantReason(t, name+length, err, c.want)
			} else if err != nil || !bytes.Equal(got, c.plain) {
				t.Errorf("%s%s: got %d bytes, %v, want %d", name, length, len(got), err, len(c.plain))
			}
		}
	}
	_, err := f.Fetch(t.Context(), base+"/?case=brotli")
	if failure, ok := fault.FailureOf(err); !ok || !strings.Contains(failure.Detail, `"br"`) {
		t.Errorf("%v does not name the coding", err)
	}
}

// FuzzEncodings: whatever comes is decoded within the limit, or fails with a
// reason.
func FuzzEncodings(f *testing.F) {
	for _, c := range encodings() {
		if len(c.body) < 10_000 {
			f.Add(strings.Split(c.headers, "|")[0], c.body)
		}
	}
	cfg := limits()
	cfg.MaxBytes = 1 << 16
	f.Fuzz(func(t *testing.T, coding string, body []byte) {
		got, err := fetch.ReadBody(cfg, coding, body)
		if _, failed := fault.FailureOf(err); err != nil && !failed || len(got) > 1<<16 || err == nil && len(got) == 0 {
			t.Errorf("%q, %d bytes: %d bytes, %v", coding, len(body), len(got), err)
		}
	})
}
