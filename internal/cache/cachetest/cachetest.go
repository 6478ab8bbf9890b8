// Package cachetest is the conformance suite of cache.Cache.
package cachetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
)

// Open returns an empty cache of the test's own whose entries live for lease.
type Open func(t *testing.T, lease time.Duration) cache.Cache

// Run runs the suite.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Open){
		"round trip":                      testRoundTrip,
		"an older put is refused":         testOlderRefused,
		"a slow fill is refused":          testSlowFill,
		"what is gone stays gone":         testGone,
		"a late invalidation is harmless": testInvalidateKeepsNewer,
		"fences outlive entries":          testFenceOutlivesEntry,
		"leases end":                      testLease,
		"own writes are read":             testOwnWrites,
		"generations":                     testGenerations,
		"a lost generation is made up":    testGenerationFloor,
		"a bump is seen at once":          testBumpIsSeen,
		"first generations race":          testGenerationRace,
		"bumps are apart":                 testBumpsApart,
		"bumps race":                      testBumpRace,
		"hammer":                          testHammer,
		"ping":                            testPing,
		"probe":                           testProbe,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

// long is a lease that no test waits for.
const long = time.Minute

// Body is the body that the suite stores under a version.
func Body(version int64) []byte { return fmt.Appendf(nil, "{\"version\":%d}\x00\xff\r\n", version) }

func put(t *testing.T, c cache.Cache, key string, version int64, wantLanded bool) {
	t.Helper()
	landed, err := c.Put(t.Context(), key, cache.Entry{Version: version, Body: Body(version)})
	if err != nil {
		t.Fatal(err)
	}
	if landed != wantLanded {
		t.Errorf("put of version %d landed = %v, want %v", version, landed, wantLanded)
	}
}

// want asserts the version under key, 0 for none.
func want(t *testing.T, c cache.Cache, key string, version int64) {
	t.Helper()
	e, found, err := c.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if found != (version != 0) || e.Version != version || found && string(e.Body) != string(Body(version)) {
		t.Errorf("found %v: version %d %q, want version %d", found, e.Version, e.Body, version)
	}
}

func invalidate(t *testing.T, c cache.Cache, key string, version int64) {
	t.Helper()
	if err := c.Invalidate(t.Context(), key, version); err != nil {
		t.Fatal(err)
	}
}

func generation(t *testing.T, c cache.Cache, group string, floor int64) int64 {
	t.Helper()
	g, err := c.Generation(t.Context(), group, floor)
	if err != nil || g < max(floor, 1) {
		t.Fatalf("generation %d, %v, want %d at least", g, err, max(floor, 1))
	}
	return g
}

func bump(t *testing.T, c cache.Cache, group string, floor int64) int64 {
	t.Helper()
	g, wait, err := c.Bump(t.Context(), group, floor, 0)
	if err != nil || g <= floor || wait != 0 {
		t.Fatalf("bumped to %d, %v, want more than %d", g, err, floor)
	}
	return g
}

// Until polls until done, well within the leases of this suite; t fails when
// it waits in vain.
func Until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}
