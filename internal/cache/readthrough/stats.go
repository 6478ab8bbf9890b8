package readthrough

import "sync/atomic"

// Stats counts since the start of the process.
type Stats struct {
	Hits   int64 // answered by the engine
	Misses int64 // loaded
	Errors int64 // of the engine
}

type counts struct{ hits, misses, errors atomic.Int64 }

// Stats returns the counts.
func (c *Cache) Stats() Stats {
	return Stats{Hits: c.counts.hits.Load(), Misses: c.counts.misses.Load(), Errors: c.counts.errors.Load()}
}
