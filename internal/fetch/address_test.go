package fetch_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fetch"
)

// forbiddenHosts are hosts that must not be connected to, as written in a URL.
func forbiddenHosts() []string {
	return []string{
		// Loopback, this network, private, shared, link-local, metadata.
		"127.0.0.1", "127.1.2.3", "127.255.255.254", "0.0.0.0", "0.1.2.3",
		"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255",
		"100.64.0.1", "100.127.255.255", "100.100.100.200", "169.254.169.254", "169.254.170.2", "169.254.0.1",
		"168.63.129.16", "192.0.0.192",
		// Documentation, benchmarks, multicast, reserved, broadcast.
		"192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255", "192.88.99.1",
		"224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		// Other ways to write 127.0.0.1, 0.0.0.0 and 169.254.169.254.
		"2130706433", "017700000001", "0x7f000001", "0X7F000001", "0x7f.1", "0177.0.0.1", "0177.0.0.01",
		"127.1", "127.0.1", "127.000.000.001", "127.0.0.01", "127.0.0.1.", "127.0.0.0x1", "0x7f.0x0.0x0.0x1",
		"0", "0x0", "0x", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "18446744073709551617",
		"127%2e0%2e0%2e1", "%31%32%37.0.0.1", "127\u30020\u30020\u30021", "127\uff0e0\uff0e0\uff0e1",
		"\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "\uff12\uff11\uff13\uff10\uff17\uff10\uff16\uff14\uff13\uff13",
		// IPv6: loopback, unspecified, embedded IPv4 of every kind.
		"[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::]", "[::%25lo]", "[::1%25lo]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:0.0.0.0]",
		"[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[64:ff9b:1::a00:1]",
		"[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2002:c0a8:1::1]", "[2001::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
		// IPv6: link-local, site-local, unique local, multicast, documentation, not assigned.
		"[fe80::1]", "[fe80::1%25lo]", "[fe80::1%25eth0]", "[fe80::1%251]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]",
		"[fd20:ce::254]", "[ff02::1]", "[ff0e::1]", "[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[4000::1]",
		"[2606:4700::1111%25eth0]",
	}
}

// forbiddenNames are names that lead to such hosts.
func forbiddenNames() map[string]answer {
	return map[string]answer{
		"localhost":        addresses("127.0.0.1", "::1"),
		"loopback.test":    addresses("127.0.0.1"),
		"loopback6.test":   addresses("::1"),
		"both.test":        addresses("127.0.0.1", "::1"),
		"any.test":         addresses("0.0.0.0", "::"),
		"private.test":     addresses("10.1.2.3", "192.168.1.1", "172.20.0.1"),
		"shared.test":      addresses("100.64.1.1"),
		"metadata.test":    addresses("169.254.169.254"),
		"metadata6.test":   addresses("fd00:ec2::254"),
		"azure.test":       addresses("168.63.129.16"),
		"mapped.test":      addresses("::ffff:127.0.0.1"),
		"compatible.test":  addresses("::127.0.0.1"),
		"translated.test":  addresses("64:ff9b::7f00:1"),
		"sixtofour.test":   addresses("2002:7f00:1::1"),
		"teredo.test":      addresses("2001::7f00:1"),
		"linklocal.test":   addresses("fe80::1"),
		"multicast.test":   addresses("224.0.0.1", "ff02::1"),
		"broadcast.test":   addresses("255.255.255.255"),
		"xn--bcher-kva.de": addresses("127.0.0.1"),
		"1.2.3.4.nip.test": addresses("127.0.0.1"),
	}
}

// forbiddenURLs writes them all as URLs at the canary's port.
func forbiddenURLs(w *world) []string {
	var urls []string
	port := ":" + strconv.Itoa(int(w.canary.port)) + "/image.jpg"
	for _, host := range forbiddenHosts() {
		urls = append(urls, "http://"+host+port)
	}
	for name, a := range forbiddenNames() {
		w.dns.put(name, a)
		urls = append(urls, "http://"+name+port, "http://"+strings.ToUpper(name)+"."+port, "https://"+name+port)
	}
	w.dns.put("xn--bcher-kva.de", addresses("127.0.0.1"))
	return append(urls, "http://b\u00fccher.de"+port)
}

func TestForbiddenAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fetcher(t, limits())
	urls := forbiddenURLs(w)
	for _, target := range urls {
		_, err := f.Fetch(t.Context(), target)
		wantReason(t, target, err, fault.AddressBlocked)
		w.untouched(t, target)
	}
	t.Logf("%d hosts and %d names in %d URLs", len(forbiddenHosts()), len(forbiddenNames()), len(urls))
}

func TestRedirectsToForbiddenAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Location", r.URL.Query().Get("to"))
		rw.WriteHeader(http.StatusFound)
	})
	f := w.fetcher(t, limits())
	for _, target := range forbiddenURLs(w) {
		_, err := f.Fetch(t.Context(), base+"/?to="+url.QueryEscape(target))
		wantReason(t, "redirect to "+target, err, fault.AddressBlocked)
		w.untouched(t, target)
		relative := strings.TrimPrefix(target, "http:")
		_, err = f.Fetch(t.Context(), base+"/?to="+url.QueryEscape(relative))
		wantReason(t, "redirect to "+relative, err, fault.AddressBlocked)
		w.untouched(t, relative)
	}
}

// The canary hears what is not guarded: its silence means something.
func TestCanaryHears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := limits()
	cfg.AllowPrivate = true
	f := fetch.New(cfg)
	t.Cleanup(func() { _ = f.Close() })
	port := strconv.Itoa(int(w.canary.port))
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "localhost"} {
		if _, err := f.Fetch(t.Context(), "http://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s: the canary sent a picture", host)
		}
		if w.canary.heard(t) == 0 {
			t.Errorf("%s: the canary heard nothing", host)
		}
	}
}

func TestForbiddenPorts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fetcher(t, limits())
	for _, host := range []string{"93.184.216.34", "[2606:4700::1111]", "public.test"} {
		w.dns.put("public.test", addresses("93.184.216.34"))
		for _, port := range []string{"0", "1", "22", "25", "53", "6379", "5432", "8080", "8443", "65535", "65536", "99999999999999999999"} {
			target := "http://" + host + ":" + port + "/image.jpg"
			_, err := f.Fetch(t.Context(), target)
			wantReason(t, target, err, fault.AddressBlocked)
			w.untouched(t, target)
		}
	}
}

// What is allowed gets past the guard, to the very address.
func TestPublicAddressesPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fetcher(t, limits())
	w.dns.put("public.test", addresses("93.184.216.34"))
	w.dns.put("public6.test", addresses("2606:4700::1111"))
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
		_, err := f.Fetch(t.Context(), target)
		wantReason(t, target, err, fault.SourceUnreachable) // isolated: see Isolation.Passed
		w.mu.Lock()
		if len(w.passed) != 1 || w.passed[0] != netip.MustParseAddrPort(want) {
			t.Errorf("%s: passed to %v, want %s", target, w.passed, want)
		}
		w.passed = nil
		w.mu.Unlock()
	}
}

// A name server changes its answer after each look-up.
func TestRebinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hops := 0
	base := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
		hops++
		rw.Header().Set("Connection", "close") // so that the next hop looks the name up again
		http.Redirect(rw, r, "http://rebind.test:"+strconv.Itoa(int(w.canary.port))+"/", http.StatusFound)
	})
	f := w.fetcher(t, limits())
	port := base[strings.LastIndexByte(base, ':')+1:]

	// First the server that is allowed, then loopback at the canary's port.
	w.dns.put("rebind.test", addresses("127.0.0.1"), addresses("127.0.0.1", "127.0.0.2"))
	_, err := f.Fetch(t.Context(), "http://rebind.test:"+port+"/")
	wantReason(t, "second hop", err, fault.AddressBlocked)
	if hops != 1 {
		t.Errorf("%d hops, want 1", hops)
	}
	w.untouched(t, "second hop")

	// Public for a check, private for the connection, and the other way round.
	canary := "http://flip.test:" + strconv.Itoa(int(w.canary.port)) + "/"
	for range 20 {
		w.dns.put("flip.test", addresses("93.184.216.34"), addresses("127.0.0.1"))
		for range 2 {
			if _, err := f.Fetch(t.Context(), canary); err == nil {
				t.Error("a picture came from nowhere")
			}
		}
	}
	w.mu.Lock()
	for _, addr := range w.passed {
		if addr.Addr() != netip.MustParseAddr("93.184.216.34") {
			t.Errorf("the guard let %s pass", addr)
		}
	}
	w.passed = nil
	w.mu.Unlock()
	w.untouched(t, "rebinding")

	// Public and private in one answer.
	w.dns.put("mixed.test", addresses("93.184.216.34", "127.0.0.1", "::1", "10.0.0.1"))
	if _, err := f.Fetch(t.Context(), strings.Replace(canary, "flip", "mixed", 1)); err == nil {
		t.Error("a picture came from nowhere")
	}
	w.mu.Lock()
	if len(w.passed) != 1 {
		t.Errorf("the guard let %v pass, want the public address alone", w.passed)
	}
	w.passed = nil
	w.mu.Unlock()
	w.untouched(t, "mixed answer")
}
