// Package cache is the port to the cache of encoded answers. Every entry
// carries the version of what it shows; versions only grow, and a cache that
// has heard of a version never again takes or gives an older one. Adapters
// live in the packages below it and all pass cachetest.
package cache

import (
	"context"
	"time"
)

const (
	// DefaultLease is how long an entry lives unless configured otherwise: the
	// bound on staleness when invalidations cannot be delivered.
	DefaultLease = 30 * time.Second
	// FenceLife is how long at least an invalidated version is remembered. A
	// fill is put within half a lease or not at all, so none can land behind
	// its fence.
	FenceLife = 10 * time.Minute
)

// Gone is the version under which a deleted thing is invalidated: newer than
// every real version, and exact as a float64 for engines that count in those.
const Gone int64 = 1<<53 - 1

// Entry is one cached answer.
type Entry struct {
	Version int64  // from 1 to Gone
	Body    []byte // the encoded answer; neither side may change it
}

// Cache stores entries. All methods are safe for concurrent use and return an
// error only when the engine cannot be reached or misbehaves; callers then
// answer from the database.
type Cache interface {
	// Get returns the entry under key; found is false for none.
	Get(ctx context.Context, key string) (e Entry, found bool, err error)
	// Put stores e under key for the adapter's lease, unless a newer version
	// is there or was announced by Invalidate; then it changes nothing and
	// returns false. Equal versions may overwrite one another.
	Put(ctx context.Context, key string, e Entry) (landed bool, err error)
	// Invalidate announces that version is committed: older entries are
	// dropped and, for at least FenceLife, refused. Repeating it, or calling
	// it with an older version, changes nothing. Once it has returned, this
	// Cache no longer gives what is older; other processes follow.
	Invalidate(ctx context.Context, key string, version int64) error

	// Generation returns the current generation of a group of entries, a
	// number from 1 that grows. Where there is none, or one below floor, it
	// starts a new one above floor: the engine may have lost what the caller
	// knows of. Callers put it into the keys of the group's entries, so that
	// Bump makes all of them unreachable at once.
	Generation(ctx context.Context, group string, floor int64) (int64, error)
	// Bump starts a new generation of the group, above floor, and returns it.
	// From then on this Cache no longer gives an older one; other processes
	// follow. Where the present one is known to have begun less than apart ago, whoever
	// began it, it starts none: it returns that one, and how long it takes until it is so old.
	Bump(ctx context.Context, group string, floor int64, apart time.Duration) (generation int64, wait time.Duration, err error)

	// Ping reports whether the engine answers. It writes nothing; see Probe.
	Ping(ctx context.Context) error
	// Close releases the connections.
	Close() error
}
