package readthrough

import (
	"errors"
	"time"

	"vitrine.dev/internal/cache"
)

// Config bounds the reading. Begin with DefaultConfig.
type Config struct {
	// Lease is how long the engine's entries live, cache.DefaultLease. What
	// this process has served or invalidated is remembered for twice as long.
	Lease       time.Duration
	LoadTimeout time.Duration // of one load from the database, 10 s
	// MaxFloors is of how many keys, and of how many groups, the version last
	// served is remembered, 262,144 (some 40 MB when full). What was invalidated is never forgotten
	// early: see cache.Fences.
	MaxFloors int
	// MaxEntryBytes is how long the body of an entry may be that is put into
	// the engine, 128 KiB. A longer one is loaded for each who asks (together
	// for all who ask at the same time): a few of them would take the room of
	// thousands of others.
	MaxEntryBytes int
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Lease: cache.DefaultLease, LoadTimeout: 10 * time.Second, MaxFloors: 1 << 18, MaxEntryBytes: 128 << 10}
}

func (c Config) validate() error {
	if min(c.Lease, c.LoadTimeout) <= 0 || min(c.MaxFloors, c.MaxEntryBytes) <= 0 {
		return errors.New("lease, timeout, floors and bytes must be positive")
	}
	return nil
}

// memory is for how long at least versions are remembered: no load that began
// at a lower floor is still running when a floor is forgotten.
func (c Config) memory() time.Duration { return max(2*c.Lease, c.LoadTimeout) }

// fillAge is the age from which on a loaded entry is not put any more: a fence
// that is lost is made up for by a lease and a half at most.
func (c Config) fillAge() time.Duration { return min(c.Lease, cache.FenceLife) / 2 }
