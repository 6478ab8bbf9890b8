package httpapi_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/server"
	"vitrine.dev/internal/ratelimit"
)

func limiter(policy string, quota int64) *ratelimit.Limiter {
	return ratelimit.New(ratelimit.Policy{Name: policy, Quota: quota, Window: time.Hour}, nil, slog.New(slog.DiscardHandler))
}

// limited is a matrix with limits per address and per key, 0 for none.
func limited(t *testing.T, address, key int64) *matrix {
	t.Helper()
	m := newMatrix(t, openSQLite(t))
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	log := slog.New(slog.DiscardHandler)
	limits := guard.Limits{Proxies: proxies}
	if address > 0 {
		limits.Address = limiter(guard.PolicyAddress, address)
	}
	if key > 0 {
		limits.Key = limiter(guard.PolicyKey, key)
	}
	deps := m.deps
	deps.Limits, deps.Authorize = limits, guard.New(auth.NewAuthenticator(m.db, log), proxies).Authorize
	m.handler = newAPI(t, deps)
	return m
}

// items reads a List of Strings with Integers as parameters (RFC 9651), as the draft has
// both headers; each item as its name and parameters.
func items(t *testing.T, header http.Header, name string) map[string]map[string]int64 {
	t.Helper()
	parsed, err := httpsfv.UnmarshalList(header.Values(name))
	if err != nil {
		t.Fatalf("%s %q: %v", name, header.Values(name), err)
	}
	all := map[string]map[string]int64{}
	for _, member := range parsed {
		item, ok := member.(httpsfv.Item)
		policy, text := item.Value.(string)
		if !ok || !text || all[policy] != nil {
			t.Fatalf("%s: %q is no Item with a String, or is there twice", name, header.Values(name))
		}
		all[policy] = map[string]int64{}
		for _, p := range item.Params.Names() {
			value, _ := item.Params.Get(p)
			number, ok := value.(int64)
			if !ok || number < 0 {
				t.Fatalf("%s: %s is %v", name, p, value)
			}
			all[policy][p] = number
		}
	}
	return all
}

func TestLimitHeaders(t *testing.T) {
	t.Parallel()
	m := limited(t, 50, 11)
	secret := m.key(m.owner, auth.ProductsRead).Secret
	for i := int64(1); i <= 11; i++ {
		w := m.from("192.0.2.1:1", secret)
		wantStatus(t, w, http.StatusOK)
		policy, now := items(t, w.Header(), httpkit.HeaderRateLimitPolicy), items(t, w.Header(), httpkit.HeaderRateLimit)
		if got := fmt.Sprint(policy); got != "map[address:map[q:50 w:3600] key:map[q:11 w:3600]]" {
			t.Fatalf("policies = %s", got)
		}
		if now["address"]["r"] != 50-i || now["key"]["r"] != 11-i || now["key"]["t"] < 1 || now["key"]["t"] > 3600 || len(now) != 2 {
			t.Fatalf("after request %d: %v", i, now)
		}
	}
	w := m.from("192.0.2.1:1", secret)
	p := wantProblem(t, w, http.StatusTooManyRequests)
	if p.Code != "quota-exceeded" || p.Type != "https://iana.org/assignments/http-problem-types#quota-exceeded" || !slices.Equal(p.Violated, []string{"key"}) {
		t.Errorf("problem = %+v", p)
	}
	now := items(t, w.Header(), httpkit.HeaderRateLimit)
	wantHeader(t, w, "Retry-After", strconv.FormatInt(now["key"]["t"], 10))
	if now["key"]["r"] != 0 || now["address"]["r"] != 38 {
		t.Errorf("with the refusal: %v", now)
	}
	wantStatus(t, m.from("192.0.2.1:1", m.key(m.owner, auth.ProductsRead).Secret), http.StatusOK) // another key
	for range 37 {
		wantStatus(t, m.from("192.0.2.1:1", "vit_no"), http.StatusUnauthorized) // these count by address
	}
	w = m.from("192.0.2.1:1", "vit_no")
	if p := wantProblem(t, w, http.StatusTooManyRequests); !slices.Equal(p.Violated, []string{"address"}) {
		t.Errorf("problem = %+v", p)
	}
	if now := items(t, w.Header(), httpkit.HeaderRateLimit); len(now) != 1 || now["address"]["r"] != 0 {
		t.Errorf("without a key: %v", now)
	}
	for _, path := range []string{"/healthz", "/readyz", "/problems/quota-exceeded", "/openapi.json", "/images/none"} {
		r := m.request(http.MethodGet, path, "")
		r.RemoteAddr = "192.0.2.1:1"
		w := m.send(r)
		if w.Code == http.StatusTooManyRequests || w.Header().Get(httpkit.HeaderRateLimit) != "" {
			t.Errorf("%s is limited: %d", path, w.Code)
		}
	}
}

// TestNoLimitNoHeaders: where only one limit is set, the other is not mentioned.
func TestNoLimitNoHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address, key int64
		want         string
	}{{0, 0, ""}, {10, 0, `"address";q=10;w=3600`}, {0, 10, `"key";q=10;w=3600`}} {
		m := limited(t, c.address, c.key)
		w := m.from("192.0.2.1:1", m.key(m.owner, auth.ProductsRead).Secret)
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, httpkit.HeaderRateLimitPolicy, c.want)
		if (w.Header().Get(httpkit.HeaderRateLimit) == "") != (c.want == "") {
			t.Errorf("%s = %q", httpkit.HeaderRateLimit, w.Header().Get(httpkit.HeaderRateLimit))
		}
	}
}

// TestLimitByNetwork: what proxies of ours forward counts by the rightmost address that is not theirs, and
// IPv6 by /64. Without authentication there is no key, and the address counts.
func TestLimitByNetwork(t *testing.T) {
	t.Parallel()
	m := limited(t, 10, 0)
	send := func(forwarded string) int {
		r := m.request(http.MethodGet, "/products?user_id=1", "", "X-Forwarded-For", forwarded)
		r.RemoteAddr = "10.9.9.9:1"
		return m.send(r).Code
	}
	for i := range 10 {
		if got := send(fmt.Sprintf("192.0.2.%d, 2001:db8::%d, 10.1.1.1", i, i)); got != http.StatusUnauthorized {
			t.Fatalf("request %d: %d", i, got)
		}
	}
	if got := send("2001:db8::ffff:1"); got != http.StatusTooManyRequests {
		t.Errorf("the same network: %d", got)
	}
	if got := send("2001:db8:0:1::1"); got != http.StatusUnauthorized {
		t.Errorf("another network: %d", got)
	}

	open := newSetup(t)
	deps := m.deps
	deps.Limits = guard.Limits{Address: limiter(guard.PolicyAddress, 10), Key: limiter(guard.PolicyKey, 10)}
	deps.Authorize = guard.NewOpen(nil, slog.New(slog.DiscardHandler)).Authorize
	open.handler = newAPI(t, deps)
	for range 10 {
		r := open.request(http.MethodGet, "/products?user_id=1", "")
		r.Host = "localhost"
		w := open.send(r)
		wantStatus(t, w, http.StatusOK)
		if got := items(t, w.Header(), httpkit.HeaderRateLimit); len(got) != 1 {
			t.Fatalf("limits = %v", got)
		}
	}
	wantStatus(t, open.do(http.MethodGet, "/products?user_id=1", ""), http.StatusTooManyRequests)
}

// BenchmarkLimits is what two limits that processes do not share add to a read that the cache answers;
// BenchmarkTake in ratelimit is one of them alone.
func BenchmarkLimits(b *testing.B) {
	for name, limits := range map[string]guard.Limits{
		"none": {}, "address": {Address: limiter(guard.PolicyAddress, 1e12)},
		"both": {Address: limiter(guard.PolicyAddress, 1e12), Key: limiter(guard.PolicyKey, 1e12)},
	} {
		b.Run(name, func(b *testing.B) {
			key := func(r *http.Request, _ server.Route) (*http.Request, error) {
				return r.WithContext(auth.With(r.Context(), auth.Principal{User: 1, Key: 7, Scopes: auth.Scopes{auth.Admin}})), nil
			}
			h := benchHandler(b, inProcess(b), 10, func(d *httpapi.Deps) { d.Authorize, d.Limits = key, limits })
			benchmark(b, h, http.MethodGet, http.StatusOK, func(i int) (string, string) {
				return fmt.Sprintf("/products/%d", 1+i%10), ""
			})
		})
	}
}
