package redis_test

import (
	"strings"
	"testing"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/testserver"
)

// TestRefusals has a server refuse what the cache needs, in the ways that
// servers know: a probe notices with the server's words, each refusal is
// unavailable, and all of it goes on by itself.
func TestRefusals(t *testing.T) {
	t.Parallel()
	server := testserver.OwnRedis(t)
	addr := server.Addr()
	cfg := config(t, addr, prefix())
	for _, c := range []struct {
		name       string
		take, give []string
		cause      string
		ping       bool // still succeeds
	}{
		{"a replica", []string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}, "READONLY", true},
		{"full", []string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}, "OOM", true},
		{"no scripts", []string{"ACL", "SETUSER", "default", "-@scripting"}, []string{"ACL", "SETUSER", "default", "+@all"}, "NOPERM", true},
		{"no writing", []string{"ACL", "SETUSER", "default", "-set"}, []string{"ACL", "SETUSER", "default", "+@all"}, "can't run this command", true},
		{"other keys only", []string{"ACL", "SETUSER", "default", "resetkeys", "~other:*"}, []string{"ACL", "SETUSER", "default", "allkeys"}, "NOPERM", true},
		{"too few replicas", []string{"CONFIG", "SET", "min-replicas-to-write", "1"}, []string{"CONFIG", "SET", "min-replicas-to-write", "0"}, "NOREPLICAS", true},
	} {
		engine := open(t, cfg)
		if err := cache.Probe(t.Context(), engine); err != nil {
			t.Fatalf("%s: before: %v", c.name, err)
		}
		command(t, addr, c.take...)
		if err := cache.Probe(t.Context(), engine); !unavailable(err) || !strings.Contains(err.Error(), c.cause) {
			t.Errorf("%s: probe: %v, want unavailable with %s", c.name, err, c.cause)
		}
		if err := engine.Ping(t.Context()); (err == nil) != c.ping {
			t.Errorf("%s: ping: %v", c.name, err)
		}
		command(t, addr, c.give...)
		cachetest.Until(t, c.name+" is over", func() bool { return cache.Probe(t.Context(), engine) == nil })
	}
}

// TestRefusedLogin: a wrong or missing password is a cache that is not there.
func TestRefusedLogin(t *testing.T) {
	t.Parallel()
	server := testserver.OwnRedis(t)
	command(t, server.Addr(), "CONFIG", "SET", "requirepass", "right")
	for password, cause := range map[string]string{"": "NOAUTH", "wrong": "WRONGPASS"} {
		cfg := config(t, server.Addr(), prefix())
		cfg.Password = password
		engine := open(t, cfg)
		for name, err := range map[string]error{"ping": engine.Ping(t.Context()), "probe": cache.Probe(t.Context(), engine)} {
			if !unavailable(err) || !strings.Contains(err.Error(), cause) || strings.Contains(err.Error(), "right") {
				t.Errorf("%q: %s: %v, want unavailable with %s", password, name, err, cause)
			}
		}
	}
	cfg := config(t, server.Addr(), prefix())
	cfg.Password = "right"
	if err := cache.Probe(t.Context(), open(t, cfg)); err != nil {
		t.Error(err)
	}
}
