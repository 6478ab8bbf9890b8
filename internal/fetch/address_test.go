package fetch_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/safehttp/safehttptest"
)

func TestForbiddenAddresses(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	f := n.fetcher(t, limits())
	for _, target := range n.ForbiddenURLs() {
		_, err := f.Fetch(t.Context(), target)
		wantReason(t, target, err, fault.AddressBlocked)
		n.Untouched(t, target)
	}
}

func TestRedirectsToForbiddenAddresses(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Location", r.URL.Query().Get("to"))
		rw.WriteHeader(http.StatusFound)
	})
	f := n.fetcher(t, limits())
	for _, target := range n.ForbiddenURLs() {
		_, err := f.Fetch(t.Context(), base+"/?to="+url.QueryEscape(target))
		wantReason(t, "redirect to "+target, err, fault.AddressBlocked)
		n.Untouched(t, target)
		relative := strings.TrimPrefix(target, "http:")
		_, err = f.Fetch(t.Context(), base+"/?to="+url.QueryEscape(relative))
		wantReason(t, "redirect to "+relative, err, fault.AddressBlocked)
		n.Untouched(t, relative)
	}
}

// A name server changes its answer after each look-up.
func TestRebinding(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	hops := 0
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		hops++
		rw.Header().Set("Connection", "close") // so that the next hop looks the name up again
		http.Redirect(rw, r, "http://rebind.test:"+strconv.Itoa(int(n.Canary.Port))+"/", http.StatusFound)
	})
	f := n.fetcher(t, limits())
	port := base[strings.LastIndexByte(base, ':')+1:]

	// First the server that is allowed, then loopback at the canary's port.
	n.DNS.Put("rebind.test", safehttptest.Addresses("127.0.0.1"), safehttptest.Addresses("127.0.0.1", "127.0.0.2"))
	_, err := f.Fetch(t.Context(), "http://rebind.test:"+port+"/")
	wantReason(t, "second hop", err, fault.AddressBlocked)
	if hops != 1 {
		t.Errorf("%d hops, want 1", hops)
	}
	n.Untouched(t, "second hop")

	// Public for a check, private for the connection, and the other way round.
	canary := "http://flip.test:" + strconv.Itoa(int(n.Canary.Port)) + "/"
	for range 20 {
		n.DNS.Put("flip.test", safehttptest.Addresses("93.184.216.34"), safehttptest.Addresses("127.0.0.1"))
		for range 2 {
			if _, err := f.Fetch(t.Context(), canary); err == nil {
				t.Error("a picture came from nowhere")
			}
		}
	}
	for _, addr := range n.TakePassed() {
		if addr.Addr() != netip.MustParseAddr("93.184.216.34") {
			t.Errorf("the guard let %s pass", addr)
		}
	}
	n.Untouched(t, "rebinding")

	// Public and private in one answer.
	n.DNS.Put("mixed.test", safehttptest.Addresses("93.184.216.34", "127.0.0.1", "::1", "10.0.0.1"))
	if _, err := f.Fetch(t.Context(), strings.Replace(canary, "flip", "mixed", 1)); err == nil {
		t.Error("a picture came from nowhere")
	}
	if passed := n.TakePassed(); len(passed) != 1 {
		t.Errorf("the guard let %v pass, want the public address alone", passed)
	}
	n.Untouched(t, "mixed answer")
}
