package readthrough

import "sync/atomic"

// Stats counts since the start of the process.
type Stats struct {
	Hits      int64 // reads answered by the engine
	Misses    int64 // reads answered by a load, their own or another's
	Coalesced int64 // of those, times that a load under way was waited for
	Errors    int64 // of the engine
}

type counts struct{ hits, misses, coalesced, errors atomic.Int64 }

// Stats returns the counts.
func (c *Cache) Stats() Stats {
	return Stats{
		Hits: c.counts.hits.Load(), Misses: c.counts.misses.Load(),
		Coalesced: c.counts.coalesced.Load(), Errors: c.counts.errors.Load(),
	}
}
