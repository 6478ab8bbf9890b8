package statistics

import (
	"context"
	"math"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

const (
	// FetchesFor is the time that Fetches are of.
	FetchesFor = time.Hour
	// FetchesKeep is for how long what they are made of is kept.
	FetchesKeep = 2 * time.Hour
	// FetchesLength is how fine that is in time: what was fetched up to so long before FetchesFor may count too.
	FetchesLength = 5 * time.Minute
	// CellsMost is how many cells a process counts between two writes: those of some hundred hosts. Fetches beyond
	// them are left out, and the log says how many.
	CellsMost = 2000
)

// Durations are counted in classes: class n is of those up to 2^(n/4) ms, and above 2^((n-1)/4) ms.
const (
	perOctave = 4
	classes   = 17*perOctave + 1 // up to 131 s, which is longer than a fetch may take by default; the last has those that take longer
	// failedClass stands in the place of a class for the fetches that failed.
	failedClass = -1
)

// Cell is how many fetches of a host there were in one class of durations, or have failed.
type Cell struct {
	Host    string
	Class   int // failedClass: they failed
	Fetches int64
}

// Fetches are how fetches of a host have ended, and how long those that succeeded have taken: half of them took no
// longer than P50, 95 of a hundred no longer than P95. As durations are counted in classes, both are up to 9.1 %
// (2^(1/8) - 1) below or above what was measured, between 1 ms and 131 s. They are 0 where none has succeeded.
type Fetches struct {
	Succeeded, Failed int64
	P50, P95          time.Duration
}

// Rate is the share of fetches that succeeded, from 0 to 1; known is false where there were none.
func (f Fetches) Rate() (rate float64, known bool) {
	if f.Succeeded+f.Failed == 0 {
		return 0, false
	}
	return float64(f.Succeeded) / float64(f.Succeeded+f.Failed), true
}

// cellOf returns the cell in which the attempt's fetch counts. ok is false where it had none that says something of
// the host: it was given up, or failed for a reason of ours, as where a picture is too large.
func cellOf(a media.Attempted) (c Cell, ok bool) {
	for _, s := range a.Steps {
		if s.Name != media.StepFetch || a.Claim.Host == "" {
			continue
		}
		if s.Err == nil {
			return Cell{Host: a.Claim.Host, Class: classOf(s.Took), Fetches: 1}, true
		}
		f, failed := fault.FailureOf(s.Err)
		return Cell{Host: a.Claim.Host, Class: failedClass, Fetches: 1}, failed && hostFailed(f.Reason)
	}
	return Cell{}, false
}

// hostFailed reports whether it is the host's, or the URL's at it, that there is no picture.
func hostFailed(r fault.Reason) bool {
	switch r {
	case fault.SourceNotFound, fault.SourceForbidden, fault.SourceTimeout, fault.SourceUnreachable, fault.TooManyRedirects:
		return true
	default:
		return false
	}
}

func classOf(took time.Duration) int {
	ms := float64(took) / float64(time.Millisecond)
	if ms <= 1 {
		return 0
	}
	return min(int(math.Ceil(perOctave*math.Log2(ms))), classes-1)
}

// middle is the geometric middle of a class, which is off by the same factor from both of its ends.
func middle(class int) time.Duration {
	if class == 0 {
		return time.Millisecond
	}
	return time.Duration(math.Exp2((float64(class)-0.5)/perOctave) * float64(time.Millisecond))
}

// fetchesOf adds up the cells of each host.
func fetchesOf(cells []Cell) map[string]Fetches {
	hosts, times := map[string]Fetches{}, map[string]*[classes]int64{}
	for _, c := range cells {
		f := hosts[c.Host]
		switch {
		case c.Class == failedClass:
			f.Failed += c.Fetches
		default:
			f.Succeeded += c.Fetches
			if times[c.Host] == nil {
				times[c.Host] = new([classes]int64)
			}
			times[c.Host][min(max(c.Class, 0), classes-1)] += c.Fetches
		}
		hosts[c.Host] = f
	}
	for host, counts := range times {
		f := hosts[host]
		f.P50, f.P95 = quantile(counts, f.Succeeded, 50), quantile(counts, f.Succeeded, 95)
		hosts[host] = f
	}
	return hosts
}

// quantile is how long the fetch took which so many percent of all took no longer than, by the nearest rank.
func quantile(counts *[classes]int64, all, percent int64) time.Duration {
	rank := (all*percent + 99) / 100
	for class, n := range counts {
		if rank -= n; rank <= 0 {
			return middle(class)
		}
	}
	return 0
}

// Fetches returns how the fetches of these hosts have gone within the last FetchesFor. Hosts with none are missing.
func (s *Service) Fetches(ctx context.Context, hosts []string) (map[string]Fetches, error) {
	if len(hosts) == 0 {
		return map[string]Fetches{}, nil
	}
	cells, err := s.store.Fetches(ctx, hosts, FetchesFor)
	if err != nil {
		return nil, err //nolint:wrapcheck // the store says what it did
	}
	return fetchesOf(cells), nil
}
