package httpapi_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestOddPaths: whatever is asked for in whatever way, what is answered with a
// body is JSON, and nothing is redirected.
func TestOddPaths(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	path := s.create(with("", ""))
	for _, target := range []string{
		"//products", "/products/", "//products/", "/products//", "/./products", "/products/.", "/a/../products", "/..",
		"/products/../healthz", "//healthz", "/healthz/", "/" + path, path + "/", path + "//", path + "/.", path + "/image",
		"/images", "/images/", "/images//aa", "/images/./aa", "/images/../healthz", "/images/aa/..", "/images/%2e%2e/healthz",
		"/dead-letters/", "/dead-letters//jobs", "/dead-letters/jobs/../replay", "//", "///", "/.", "/%2F/products",
		"//shop.test/products", "//shop.test/..", "/openapi.yaml/", "/products?/../x", "/" + strings.Repeat("/", 1000),
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"} {
			r := httptest.NewRequestWithContext(t.Context(), method, "/", strings.NewReader("{}"))
			target, query, _ := strings.Cut(target, "?")
			r.URL.RawQuery = query
			if u, err := r.URL.Parse("http://shop.test" + target); err == nil { // as a request line is read: nothing is resolved
				r.URL.Path, r.URL.RawPath = u.Path, u.RawPath
			}
			if strings.Contains(target, ".") || strings.Contains(target, "//") {
				r.URL.Path, r.URL.RawPath = strings.ReplaceAll(strings.ReplaceAll(target, "%2e", "."), "%2F", "/"), target
			}
			r.RequestURI = target
			w := s.send(r)
			if w.Code < 400 || w.Code >= 500 || w.Header().Get("Location") != "" {
				t.Errorf("%s %s = %d to %q", method, target, w.Code, w.Header().Get("Location"))
				continue
			}
			wantProblem(t, w, w.Code)
		}
	}
	wantStatus(t, s.do(http.MethodGet, path, ""), http.StatusOK) // nothing was deleted by a path that only resembles it
}

// TestOddRequestLines sends what a client library would not.
func TestOddRequestLines(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	for line, want := range map[string]int{
		"GET //products?user_id=1":                  404,
		"POST //products":                           404,
		"GET /products/?user_id=1":                  404,
		"GET /a/../products?user_id=1":              404,
		"GET http://shop.test/products?user_id=1":   200,
		"GET http://shop.test//products?user_id=1":  404,
		"GET http://shop.test?user_id=1":            400,
		"GET http://evil.test/../products?user_id=": 404,
		"GET *":                            400,
		"CONNECT shop.test:80":             400,
		"CONNECT /products":                405,
		"OPTIONS /products":                405,
		"GET /products":                    422,
		"GET /products?user_id=1&userid=2": 422,
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", line)
		method, _, _ := strings.Cut(line, " ")
		resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
		if err != nil {
			t.Errorf("%s: %v", line, err)
			_ = conn.Close()
			continue
		}
		kind := resp.Header.Get("Content-Type")
		if resp.StatusCode != want || want >= 400 && kind != "application/problem+json" || resp.Header.Get("Location") != "" {
			t.Errorf("%s = %d, %s, to %q; want %d", line, resp.StatusCode, kind, resp.Header.Get("Location"), want)
		}
		_ = resp.Body.Close()
		_ = conn.Close()
	}
}

// TestMethodsOfPathsWithinOthers: a path that a more general one would match, too, answers to the
// methods of its own only.
func TestMethodsOfPathsWithinOthers(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.handler = s.unchecked // a path that is not described for the method is taken for the more general one
	for _, c := range []struct{ method, path, allow string }{
		{"PATCH", "/products/bulk?mode=upsert", "POST"},
		{"GET", "/products/bulk", "POST"},
		{"DELETE", "/products/bulk", "POST"},
		{"GET", "/images/refresh", "POST"},
		{"HEAD", "/images/refresh", "POST"},
		{"OPTIONS", "/images/refresh", "POST"},
		{"GET", "/images/refresh/1/abort", "POST"},
		{"PUT", "/images/refresh/1", "GET, HEAD"},
		{"PUT", "/products/1", "GET, HEAD, PATCH, DELETE"},
		{"DELETE", "/images/a", "GET, HEAD"},
	} {
		w := s.do(c.method, c.path, "")
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow: %q, want %q", c.method, c.path, w.Code, w.Header().Get("Allow"), c.allow)
		}
	}
	wantProblem(t, s.do("GET", "/products/bulks", ""), http.StatusUnprocessableEntity)
}
