package statistics

import (
	"context"
	"time"
)

const (
	// Length is that of a minute: what is kept has no finer parts.
	Length = time.Minute
	// Keep is for how long minutes are kept: longer than those of a History, which are MaxMinutes and those that its
	// first point has beside them.
	Keep = 2 * 24 * time.Hour
)

// Minute is what happened in a minute, or in several.
type Minute struct {
	At time.Time // its beginning
	Counts
	Sample *Sample // nil: none was taken
}

// Counts are of attempts that have ended, by all processes. Those that were superseded or interrupted, or
// found the source unchanged, are in none of the outcomes.
type Counts struct {
	Ready    int64
	Retried  int64 // they failed, and there was to be another attempt
	Failed   int64 // they failed, and there was to be none
	BytesIn  int64 // that were downloaded, whatever came of it
	BytesOut int64 // that were stored
}

func (c Counts) plus(d Counts) Counts {
	return Counts{
		Ready: c.Ready + d.Ready, Retried: c.Retried + d.Retried, Failed: c.Failed + d.Failed,
		BytesIn: c.BytesIn + d.BytesIn, BytesOut: c.BytesOut + d.BytesOut,
	}
}

// Sample is what waited and was in work at one moment, as far as dispatch.Overview looks.
type Sample struct {
	Waiting  int
	More     bool          // there may have been more
	Oldest   time.Duration // for how long that had been due which waited longest
	InFlight int
}

// highest has the highest of each figure of both.
func (s Sample) highest(t Sample) Sample {
	return Sample{
		Waiting: max(s.Waiting, t.Waiting), More: s.More || t.More,
		Oldest: max(s.Oldest, t.Oldest), InFlight: max(s.InFlight, t.InFlight),
	}
}

// with has what happened in both, and begins when m does.
func (m Minute) with(n Minute) Minute {
	m.Counts = m.plus(n.Counts)
	if n.Sample != nil {
		var before Sample
		if m.Sample != nil {
			before = *m.Sample
		}
		m.Sample = new(n.Sample.highest(before))
	}
	return m
}

// Store keeps the minutes. Every method is safe for concurrent use, takes the time from the
// database's clock, and returns errors of kind fault.Unavailable where the database cannot be reached.
type Store interface {
	// Add adds the counts to those of the minute that it was so long ago, and the cells, of each host and class
	// one, to those of the FetchesLength that it was then: all of it, or nothing with an error. It returns what time it is.
	Add(ctx context.Context, c Counts, cells []Cell, ago time.Duration) (now time.Time, err error)
	// AddSample keeps the sample of the minute that begins then, unless there is one.
	AddSample(ctx context.Context, minute time.Time, s Sample) error
	// Minutes returns those that began within that time and in which there was something, the earliest
	// first, and what time it is.
	Minutes(ctx context.Context, within time.Duration) (list []Minute, now time.Time, err error)
	// PurgeMinutes removes at most limit of those that began longer ago, and returns how many.
	PurgeMinutes(ctx context.Context, ago time.Duration, limit int) (removed int, err error)
	// Fetches returns the sums of the cells of these hosts within that time.
	Fetches(ctx context.Context, hosts []string, within time.Duration) ([]Cell, error)
	// PurgeFetches removes at most limit of the rows of cells that began longer ago, and returns how many.
	PurgeFetches(ctx context.Context, ago time.Duration, limit int) (removed int, err error)
}
