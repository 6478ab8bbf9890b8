package redis_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/cache/redis"
	"vitrine.dev/internal/testserver"
)

// TestCluster runs the whole suite on a cluster of three nodes.
func TestCluster(t *testing.T) {
	t.Parallel()
	nodes := testserver.OwnRedisCluster(t, 3)
	cachetest.Run(t, func(t *testing.T, lease time.Duration) cache.Cache {
		t.Helper()
		cfg := config(t, nodes[0].Addr(), prefix())
		cfg.Lease, cfg.Cluster = lease, true
		return open(t, cfg)
	})
	t.Run("every node has its share", func(t *testing.T) {
		t.Parallel()
		cfg := config(t, nodes[1].Addr(), prefix())
		cfg.Cluster, cfg.Installation = true, id("aa") // with the first use of a node a connection is made
		writer, reader := open(t, cfg), open(t, cfg)
		for i := range 100 {
			key := "product:" + strconv.Itoa(i)
			if landed, err := writer.Put(t.Context(), key, cache.Entry{Version: 2, Body: []byte(key)}); !landed || err != nil {
				t.Fatalf("%s landed = %v, %v", key, landed, err)
			}
			cachetest.Until(t, "the other has it", func() bool {
				e, found, err := reader.Get(t.Context(), key)
				return err == nil && found && string(e.Body) == key
			})
			if err := writer.Invalidate(t.Context(), key, 3); err != nil {
				t.Fatal(err)
			}
			if _, found, err := writer.Get(t.Context(), key); found || err != nil { // known where the key lies
				t.Fatalf("%s is found after its invalidation, %v", key, err)
			}
			cachetest.Until(t, "the other hears", func() bool {
				_, found, err := reader.Get(t.Context(), key)
				return err == nil && !found
			})
			if landed, err := reader.Put(t.Context(), key, cache.Entry{Version: 2}); landed || err != nil {
				t.Fatalf("a late fill of %s landed = %v, %v", key, landed, err)
			}
		}
	})
	t.Run("a prefix with a tag of its own", func(t *testing.T) {
		t.Parallel()
		cfg := config(t, nodes[2].Addr(), "{"+prefix()+"}")
		cfg.Cluster = true
		put(t, open(t, cfg), 1)
	})
	t.Run("taken for a single server", func(t *testing.T) {
		t.Parallel()
		c := open(t, config(t, nodes[0].Addr(), prefix()))
		cachetest.Until(t, "another node has a key, and what to do is said", func() bool {
			_, err := c.Put(t.Context(), prefix(), cache.Entry{Version: 1})
			return unavailable(err) && strings.Contains(err.Error(), "REDIS_CLUSTER")
		})
	})
}

// TestClusterOfOneNode: what many call a cluster, reached as a single server.
func TestClusterOfOneNode(t *testing.T) {
	t.Parallel()
	node := testserver.OwnRedisCluster(t, 1)[0]
	for _, cluster := range []bool{false, true} {
		cfg := config(t, node.Addr(), prefix())
		cfg.Cluster = cluster
		c := open(t, cfg)
		put(t, c, 1)
		if !holds(t, c, 1) {
			t.Error("the entry is not read")
		}
	}
}

// TestClusterUserWithFewRights: with what docs/operations.md names.
func TestClusterUserWithFewRights(t *testing.T) {
	t.Parallel()
	node := testserver.OwnRedisCluster(t, 1)[0]
	command(t, node.Addr(), append([]string{
		"ACL", "SETUSER", "shop", "on", ">s3cret", "~vitrine:*", "+cluster|shards", "+cluster|slots",
	}, rights()...)...)
	command(t, node.Addr(), "ACL", "SETUSER", "default", "off")
	cfg := config(t, node.Addr(), "vitrine:")
	cfg.User, cfg.Password, cfg.Cluster, cfg.Installation = "shop", "s3cret", true, id("aa")
	c := open(t, cfg)
	put(t, c, 1)
	cachetest.Until(t, "the entry is read", func() bool { return holds(t, c, 1) })
}

// TestAbsentCluster is found when it comes, and a server that is none is used
// as it is.
func TestAbsentCluster(t *testing.T) {
	t.Parallel()
	line := testserver.Proxy(t, testserver.Redis(t))
	line.Cut()
	cfg := config(t, line.Addr(), prefix())
	cfg.Cluster = true
	c := open(t, cfg)
	if err := c.Ping(t.Context()); !unavailable(err) || !strings.Contains(err.Error(), "refused") && !strings.Contains(err.Error(), "EOF") {
		t.Errorf("error %v, want unavailable with its cause", err)
	}
	if _, err := c.Put(t.Context(), "a", cache.Entry{Version: 1}); !unavailable(err) {
		t.Errorf("put: %v", err)
	}
	line.Restore()
	cachetest.Until(t, "the server is found", func() bool { return c.Ping(t.Context()) == nil })
	put(t, c, 1)
	line.Cut()
	never := open(t, cfg)
	if err := never.Ping(t.Context()); !unavailable(err) { // and Close ends the search
		t.Error(err)
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	for prefix, valid := range map[string]bool{
		"": true, "vitrine:": true, "{shop}:": true, "a{b}c": true, "}": true, "{": false, "{}": false, "a{}b{c}": false, "a{b": false, "}{": false,
	} {
		if got := redis.ValidPrefix(prefix); got != valid {
			t.Errorf("%q: %v", prefix, got)
		}
	}
}
