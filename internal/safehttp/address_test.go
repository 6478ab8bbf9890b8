package safehttp_test

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/safehttp"
	"vitrine.dev/internal/safehttp/safehttptest"
)

// limits are generous, so that a slow machine changes no result.
func limits() safehttp.Config {
	cfg := safehttp.DefaultConfig()
	cfg.DialTimeout, cfg.TLSTimeout, cfg.HeaderTimeout = time.Minute, time.Minute, time.Minute
	return cfg
}

// isolated returns a transport that may reach the servers added so far.
func isolated(t *testing.T, n *safehttptest.Network, cfg safehttp.Config) *safehttp.Transport {
	t.Helper()
	cfg.Ports = append(cfg.Ports, n.Ports()...)
	transport := safehttp.New(cfg)
	n.Isolate(transport)
	t.Cleanup(func() {
		if err := transport.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return transport
}

// get requests the target and returns the body of the answer.
func get(t *testing.T, transport *safehttp.Transport, target string) (string, error) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		return "", &safehttp.BlockedError{Detail: "It cannot be parsed."}
	}
	request := (&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}).WithContext(t.Context())
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func wantBlocked(t *testing.T, target string, err error) {
	t.Helper()
	blocked, ok := errors.AsType[*safehttp.BlockedError](err)
	if !ok {
		t.Errorf("%s: got %v, want it blocked", target, err)
		return
	}
	if !strings.HasSuffix(blocked.Detail, ".") || strings.Contains(blocked.Detail, "127.0.0.1") || strings.Contains(blocked.Detail, "::1") {
		t.Errorf("%s: detail %q is not a sentence for a stranger", target, blocked.Detail)
	}
}

func TestForbiddenAddresses(t *testing.T) {
	t.Parallel()
	n := safehttptest.New(t)
	transport := isolated(t, n, limits())
	urls := n.ForbiddenURLs()
	for _, target := range urls {
		_, err := get(t, transport, target)
		wantBlocked(t, target, err)
		n.Untouched(t, target)
	}
	t.Logf("%d hosts and %d names in %d URLs", len(safehttptest.ForbiddenHosts()), len(safehttptest.ForbiddenNames()), len(urls))
}

// The canary hears what is not guarded: its silence means something.
func TestCanaryHears(t *testing.T) {
	t.Parallel()
	n := safehttptest.New(t)
	cfg := limits()
	cfg.AllowPrivate = true
	transport := safehttp.New(cfg)
	t.Cleanup(func() { _ = transport.Close() })
	port := strconv.Itoa(int(n.Canary.Port))
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "localhost"} {
		if _, err := get(t, transport, "http://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s: the canary answered", host)
		}
		if n.Canary.Heard(t) == 0 {
			t.Errorf("%s: the canary heard nothing", host)
		}
	}
}

func TestForbiddenPorts(t *testing.T) {
	t.Parallel()
	n := safehttptest.New(t)
	transport := isolated(t, n, limits())
	for _, host := range []string{"93.184.216.34", "[2606:4700::1111]", "public.test"} {
		n.DNS.Put("public.test", safehttptest.Addresses("93.184.216.34"))
		for _, port := range []string{"0", "1", "22", "25", "53", "6379", "5432", "8080", "8443", "65535", "65536", "99999999999999999999"} {
			target := "http://" + host + ":" + port + "/image.jpg"
			_, err := get(t, transport, target)
			wantBlocked(t, target, err)
			n.Untouched(t, target)
		}
	}
}

// What is allowed gets past the guard, to the very address.
func TestPublicAddressesPass(t *testing.T) {
	t.Parallel()
	n := safehttptest.New(t)
	transport := isolated(t, n, limits())
	n.DNS.Put("public.test", safehttptest.Addresses("93.184.216.34"))
	n.DNS.Put("public6.test", safehttptest.Addresses("2606:4700::1111"))
	for target, want := range map[string]string{
		"http://93.184.216.34/a.jpg":        "93.184.216.34:80",
		"https://93.184.216.34/a.jpg":       "93.184.216.34:443",
		"http://93.184.216.34:443/a.jpg":    "93.184.216.34:443",
		"http://[2606:4700::1111]/a.jpg":    "[2606:4700::1111]:80",
		"http://[::ffff:93.184.216.34]/a":   "93.184.216.34:80",
		"http://public.test:/a.jpg":         "93.184.216.34:80",
		"HTTPS://PUBLIC.TEST/a.jpg#part":    "93.184.216.34:443",
		"https://public6.test/a.jpg?x=1&y=": "[2606:4700::1111]:443",
	} {
		_, err := get(t, transport, target)
		if _, blocked := errors.AsType[*safehttp.BlockedError](err); blocked || err == nil { // isolated
			t.Errorf("%s: %v", target, err)
		}
		if passed := n.TakePassed(); len(passed) != 1 || passed[0] != netip.MustParseAddrPort(want) {
			t.Errorf("%s: passed to %v, want %s", target, passed, want)
		}
	}
}

// A proxy would connect where the guard cannot see.
func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	n := safehttptest.New(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "http://127.0.0.1:"+strconv.Itoa(int(n.Canary.Port)))
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	base := n.Serve(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "answer") })
	if body, err := get(t, isolated(t, n, limits()), base); err != nil || body != "answer" {
		t.Errorf("got %q, %v", body, err)
	}
	n.Untouched(t, "proxy")
}
