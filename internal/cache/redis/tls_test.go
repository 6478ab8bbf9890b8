package redis_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"
	"testing"

	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/cache/redis"
	"vitrine.dev/internal/testserver"
)

// trusting trusts the authority and no other.
func trusting(t *testing.T, c testserver.Certificates) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(c.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
}

// TestTLS: a server is spoken to where its certificate is trusted; else the
// cache is unavailable, and says why.
func TestTLS(t *testing.T) {
	t.Parallel()
	certificates := testserver.NewCertificates(t)
	server := testserver.OwnRedisTLS(t, certificates)
	cfg := config(t, server.Addr(), prefix())
	cfg.TLS = trusting(t, certificates)
	writer, reader := open(t, cfg), open(t, cfg)
	put(t, writer, 1)
	cachetest.Until(t, "the entry is read", func() bool { return holds(t, reader, 1) })
	if err := writer.Invalidate(t.Context(), "a", 2); err != nil {
		t.Fatal(err)
	}
	cachetest.Until(t, "the invalidation arrived", func() bool { return holds(t, reader, 0) })

	for name, c := range map[string]struct {
		change func(*redis.Config)
		cause  string
	}{
		"another authority": {func(c *redis.Config) { c.TLS = trusting(t, testserver.NewCertificates(t)) }, "certificate"},
		"the system's":      {func(c *redis.Config) { c.TLS = &tls.Config{MinVersion: tls.VersionTLS12} }, "certificate"},
		"another name":      {func(c *redis.Config) { c.TLS = trusting(t, certificates); c.TLS.ServerName = "cache.example" }, "cache.example"},
		"none":              {func(c *redis.Config) { c.TLS = nil }, ""},
	} {
		other := cfg
		c.change(&other)
		refused := open(t, other)
		// On a busy machine reading the system's certificates takes longer than a ping may.
		cachetest.Until(t, name+" is refused", func() bool {
			err := refused.Ping(t.Context())
			return unavailable(err) && strings.Contains(err.Error(), c.cause)
		})
	}
}

// TestUserWithFewRights: an ACL user that may do no more than the operations
// guide says, in a database of its own.
func TestUserWithFewRights(t *testing.T) {
	t.Parallel()
	server := testserver.OwnRedis(t)
	command(t, server.Addr(), append([]string{"ACL", "SETUSER", "shop", "on", ">s3cret", "~vitrine:*"}, rights()...)...)
	command(t, server.Addr(), "ACL", "SETUSER", "default", "off")
	cfg := config(t, server.Addr(), "vitrine:")
	cfg.User, cfg.Password, cfg.DB, cfg.Installation = "shop", "s3cret", 3, id("aa")
	c := open(t, cfg)
	put(t, c, 1)
	cachetest.Until(t, "the entry is read", func() bool { return holds(t, c, 1) })
	if err := c.Invalidate(t.Context(), "a", 2); err != nil {
		t.Error(err)
	}
	before, err := c.Generation(t.Context(), "lists", 0)
	if err != nil {
		t.Error(err)
	}
	if after, _, err := c.Bump(t.Context(), "lists", before, 0); err != nil || after <= before {
		t.Errorf("bumped from %d to %d, %v", before, after, err)
	}
	for name, change := range map[string]func(*redis.Config){
		"a wrong password": func(c *redis.Config) { c.Password = "hunter2" },
		"no user":          func(c *redis.Config) { c.User, c.Password = "", "" },
		"a key of others":  func(c *redis.Config) { c.Prefix = "other:" },
	} {
		other := cfg
		change(&other)
		_, err := open(t, other).Generation(t.Context(), "lists", 0)
		if !unavailable(err) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// rights are those that docs/operations.md names.
func rights() []string {
	return strings.Fields("+hello +client +select +ping +get +set +del +getrange +pttl +multi +exec +exists +time +eval +evalsha")
}
