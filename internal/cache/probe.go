package cache

import (
	"context"
	"time"
)

// probeKey is the key, and the group, that Probe writes.
const probeKey = "probe"

// Probe reports whether the engine does all that is wanted of it now, by doing
// it. Errors are those of Cache.
func Probe(ctx context.Context, c Cache) error {
	version := time.Now().UnixMilli() // grows, as versions do
	if _, err := c.Put(ctx, probeKey, Entry{Version: version, Body: []byte("probe")}); err != nil {
		return err
	}
	if err := c.Invalidate(ctx, probeKey, version); err != nil {
		return err
	}
	if _, _, err := c.Get(ctx, probeKey); err != nil {
		return err
	}
	// The one that always writes: the others change nothing where another
	// process, with a clock before ours, was here first.
	_, _, err := c.Bump(ctx, probeKey, 0, 0)
	return err
}
