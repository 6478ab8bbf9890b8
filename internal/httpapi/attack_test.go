package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/httpkit/server"
)

const smuggled = "GET /healthz?smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n"

// chunks is a chunked body with the rest after it.
func chunks(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }

// TestWire sends what no well-behaved client sends. Every message is answered
// with a status of the list in its order, and nothing beyond; closed says that
// the server must then end the connection by itself.
func TestWire(t *testing.T) {
	t.Parallel()
	length := fmt.Sprintf("Content-Length: %d", len(smartphone))
	for name, tc := range map[string]struct {
		raw    string
		want   []int
		closed bool
	}{
		"a good request":                {get("/healthz"), []int{200}, false},
		"absolute form":                 {"GET http://shop.test/healthz HTTP/1.1\r\nHost: shop.test\r\n\r\n", []int{200}, false},
		"absolute form of another host": {"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: shop.test\r\n\r\n", []int{404}, false},
		"CONNECT":                       {"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", []int{400}, false},
		"unknown method":                {"BREW /healthz HTTP/1.1\r\nHost: a\r\n\r\n", []int{405}, false},
		"method in lower case":          {"get /healthz HTTP/1.1\r\nHost: a\r\n\r\n", []int{405}, false},
		"TRACE":                         {"TRACE /products HTTP/1.1\r\nHost: a\r\nCookie: secret\r\n\r\n", []int{405}, false},
		"no method":                     {" /healthz HTTP/1.1\r\nHost: a\r\n\r\n", []int{400}, true},
		"method that is none":           {"G@T /healthz HTTP/1.1\r\nHost: a\r\n\r\n", []int{400}, true},
		"upgrade to h2c":                {get("/healthz", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), []int{200}, false},
		"HTTP/2 preface":                {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400}, true},
		"TLS":                           {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}, true},
		"binary":                        {strings.Repeat("\x00\xff", 500) + "\r\n\r\n", []int{400}, true},
		"HTTP/0.9":                      {"GET /healthz\r\n\r\n", []int{400}, true},
		"HTTP/1.0":                      {"GET /healthz HTTP/1.0\r\n\r\n", []int{200}, true},
		"HTTP/3.0":                      {"GET /healthz HTTP/3.0\r\nHost: a\r\n\r\n", []int{505}, true},
		"a version that is none":        {"GET /healthz HTTP/1.1x\r\nHost: a\r\n\r\n", []int{400}, true},
		"no host":                       {"GET /healthz HTTP/1.1\r\n\r\n", []int{400}, true},
		"two hosts":                     {get("/healthz", "Host: other.test"), []int{400}, true},
		"a host that is none":           {"GET /healthz HTTP/1.1\r\nHost: a b/c\r\n\r\n", []int{400}, true},
		"space in the path":             {"GET /heal thz HTTP/1.1\r\nHost: a\r\n\r\n", []int{400}, true},
		"broken escape":                 {get("/products/%zz"), []int{400}, true},
		"escaped line break":            {get("/products/1%0d%0aX-Evil:%20y"), []int{422}, false},
		"escaped NUL":                   {get("/images/a%00b"), []int{404}, false},
		"out of the images":             {get("/images/..%2f..%2fetc%2fpasswd"), []int{404}, false},
		"broken query":                  {get("/products?limit=%"), []int{400}, false},

		"bare LF":                 {"GET /healthz HTTP/1.1\nHost: a\n\n", []int{200}, false},
		"bare CR in a value":      {get("/healthz", "X-A: b\rX-Evil: c"), []int{400}, true},
		"NUL in a value":          {get("/healthz", "X-A: b\x00c"), []int{400}, true},
		"folded value":            {get("/healthz", "X-A: b", "  c"), []int{200}, false},
		"folded Content-Length":   {post(smartphone, "Content-Length: 1", " 0") + smuggled, []int{400}, true},
		"fold before any field":   {"GET /healthz HTTP/1.1\r\n X-A: b\r\nHost: a\r\n\r\n", []int{400}, true},
		"space before the colon":  {post(smartphone, length[:14]+" "+length[14:]), []int{400}, true},
		"field without colon":     {get("/healthz", "nothing"), []int{400}, true},
		"field without name":      {get("/healthz", ": x"), []int{400}, true},
		"unknown expectation":     {post(smartphone, length, "Expect: miracles"), []int{417}, true},
		"fields without an end":   {get("/healthz", "X-A: "+strings.Repeat("a", 2<<20)), []int{431}, true},
		"10,000 fields":           {get("/healthz", strings.Repeat("X-Field-Number: 1\r\n", 10_000)), []int{431}, true},
		"a URL of 60 kB":          {get("/products/" + strings.Repeat("1", 60_000)), []int{422}, false},
		"a URL of 100 kB":         {get("/" + strings.Repeat("a", 100_000)), []int{431}, true},
		"a query of 60 kB":        {get("/products?user_id=1&product_name=" + strings.Repeat("a", 60_000)), []int{422}, false},
		"20,000 query parameters": {get("/products?" + strings.Repeat("a&", 20_000)), []int{400}, false},

		"two lengths":              {post(smartphone, length, "Content-Length: 3") + smuggled, []int{400}, true},
		"two lengths in one":       {post(smartphone, length+", 3") + smuggled, []int{400}, true},
		"length with a sign":       {post(smartphone, "Content-Length: +5") + smuggled, []int{400}, true},
		"negative length":          {post(smartphone, "Content-Length: -5") + smuggled, []int{400}, true},
		"hexadecimal length":       {post(smartphone, "Content-Length: 0x5") + smuggled, []int{400}, true},
		"empty length":             {post(smartphone, "Content-Length:") + smuggled, []int{400}, true},
		"length beyond 64 bits":    {post(smartphone, "Content-Length: 99999999999999999999") + smuggled, []int{400}, true},
		"length and chunks":        {post(chunks(smartphone), "Content-Length: 4", "Transfer-Encoding: chunked") + smuggled, []int{201}, true},
		"chunks and length":        {post("0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Length: 300") + smuggled, []int{400}, true},
		"chunks":                   {post(chunks(smartphone), "Transfer-Encoding: chunked"), []int{201}, true},
		"chunks in HTTP/1.0":       {"POST /products HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{415}, true},
		"chunked twice":            {post(chunks(smartphone), "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + smuggled, []int{501}, true},
		"chunked in a list":        {post(chunks(smartphone), "Transfer-Encoding: chunked, identity") + smuggled, []int{501}, true},
		"gzip and chunked":         {post(chunks(smartphone), "Transfer-Encoding: gzip, chunked") + smuggled, []int{501}, true},
		"obscured chunked":         {post(chunks(smartphone), "Transfer-Encoding: x\tchunked") + smuggled, []int{501}, true},
		"identity":                 {post(smartphone, length, "Transfer-Encoding: identity") + smuggled, []int{501}, true},
		"chunk without size":       {post("\r\nx\r\n0\r\n\r\n", "Transfer-Encoding: chunked") + smuggled, []int{400}, true},
		"chunk beyond 64 bits":     {post("fffffffffffffffff\r\nx", "Transfer-Encoding: chunked") + smuggled, []int{400}, true},
		"chunk of negative size":   {post("-1\r\nx\r\n0\r\n\r\n", "Transfer-Encoding: chunked") + smuggled, []int{400}, true},
		"chunk beyond its length":  {post("1\r\nxyz\r\n0\r\n\r\n", "Transfer-Encoding: chunked") + smuggled, []int{400}, true},
		"chunk with bare LF":       {post("1\n{\r\n0\r\n\r\n", "Transfer-Encoding: chunked") + smuggled, []int{400}, true},
		"one endless extension":    {post("1;"+strings.Repeat("x", 1<<20)+"\r\n{\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), []int{400}, true},
		"extension on every chunk": {post(strings.Repeat("1;"+strings.Repeat("x", 3000)+"\r\n \r\n", 500)+"0\r\n\r\n", "Transfer-Encoding: chunked"), []int{400}, true},
		"endless trailers":         {post("2\r\n{}\r\n0\r\n"+strings.Repeat("X-Trailer: 1\r\n", 50_000)+"\r\n", "Transfer-Encoding: chunked"), []int{400}, true},
		"chunks beyond the limit":  {post(chunks(strings.Repeat(" ", 1<<20+1)), "Transfer-Encoding: chunked"), []int{413}, true},
		"length beyond the limit":  {post("", "Content-Length: 1048577"), []int{413}, true},
		"length beyond all limits": {post("", "Content-Length: 9223372036854775807"), []int{413}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dial(t, onWire(t, newSetup(t).handler, server.DefaultLimits()))
			go p.send(tc.raw) // the server may answer before it has read all
			for i, want := range tc.want {
				if got, body, _ := p.answer(); got != want {
					t.Fatalf("answer %d has status %d, want %d: %s", i, got, want, body)
				}
			}
			if !tc.closed {
				_ = p.conn.CloseWrite()
			}
			if more := p.rest(); more != "" {
				t.Errorf("the server sent more: %.200q", more)
			}
		})
	}
}

// TestPipeline: requests sent at once are answered in order; one that cannot be
// understood ends the connection, since it is unknown where the next begins.
func TestPipeline(t *testing.T) {
	t.Parallel()
	length := fmt.Sprintf("Content-Length: %d", len(smartphone))
	many, created := strings.Repeat(post(smartphone, length), 50), slices.Repeat([]int{201}, 50)
	for name, tc := range map[string]struct {
		raw  string
		want []int
	}{
		"in order":             {get("/healthz") + get("/nothing") + post(smartphone, length) + get("/products/101") + get("/products/0"), []int{200, 404, 201, 200, 422}},
		"fifty creates":        {many, created},
		"a refused one amid":   {get("/healthz") + post(`{"user_id":`, "Content-Length: 11") + get("/healthz"), []int{200, 400, 200}},
		"an unread body amid":  {get("/healthz") + "PUT /products HTTP/1.1\r\nHost: a\r\n" + length + "\r\n\r\n" + smartphone + get("/healthz"), []int{200, 405, 200}},
		"a malformed one amid": {get("/healthz") + "\x00\x01\x02 nonsense\r\n\r\n" + get("/nothing"), []int{200, 400}},
		"a dishonest length":   {get("/healthz") + post(smartphone, "Content-Length: 10") + get("/healthz"), []int{200, 400, 400}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dial(t, onWire(t, newSetup(t).handler, server.DefaultLimits()))
			p.send(tc.raw)
			for i, want := range tc.want {
				if got, body, _ := p.answer(); got != want {
					t.Fatalf("answer %d has status %d, want %d: %s", i, got, want, body)
				}
			}
			_ = p.conn.CloseWrite()
			if more := p.rest(); more != "" {
				t.Errorf("the server sent more: %.200q", more)
			}
		})
	}
}

// TestContinue: a client that asks first is answered 100 only where its body
// will be read.
func TestContinue(t *testing.T) {
	t.Parallel()
	addr := onWire(t, newSetup(t).handler, server.DefaultLimits())
	p := dial(t, addr)
	p.send(post("", fmt.Sprintf("Content-Length: %d", len(smartphone)), "Expect: 100-continue"))
	if line, err := p.reader.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("answer %q, %v", line, err)
	}
	if _, err := p.reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	p.send(smartphone)
	if got, body, _ := p.answer(); got != http.StatusCreated {
		t.Errorf("status %d: %s", got, body)
	}
	for header, want := range map[string]int{"Content-Length: 1048577": 413, "Content-Encoding: gzip\r\nContent-Length: 9": 415} {
		p := dial(t, addr)
		p.send(post("", header, "Expect: 100-continue"))
		if got, body, _ := p.answer(); got != want {
			t.Errorf("%s: status %d, want %d: %s", header, got, want, body)
		}
	}
}
