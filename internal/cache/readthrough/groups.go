package readthrough

import (
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"
)

const maxGroups = 100_000

// groups are what this process knows of generations that the engine, or its
// copy in this process, may not know yet.
type groups struct {
	lease    time.Duration
	seen     *otter.Cache[string, string]    // the generation used last
	retired  *otter.Cache[string, string]    // the generation that our own bump ended
	bypassed *otter.Cache[string, time.Time] // our bump did not reach the engine: not before
}

func newGroups(lease time.Duration) (*groups, error) {
	g := &groups{lease: lease}
	var err error
	if g.seen, err = newMap[string](2 * lease); err != nil {
		return nil, err
	}
	if g.retired, err = newMap[string](2 * lease); err != nil {
		return nil, err
	}
	g.bypassed, err = newMap[time.Time](2 * lease)
	return g, err
}

func newMap[V any](life time.Duration) (*otter.Cache[string, V], error) {
	m, err := otter.New(&otter.Options[string, V]{
		MaximumSize: maxGroups, ExpiryCalculator: otter.ExpiryWriting[string, V](life),
	})
	if err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	return m, nil
}

// usable reports whether entries of the generation may be served here.
func (g *groups) usable(group, generation string) bool {
	if until, found := g.bypassed.GetIfPresent(group); found && time.Now().Before(until) {
		return false
	}
	if old, found := g.retired.GetIfPresent(group); found && old == generation {
		return false
	}
	if last, found := g.seen.GetIfPresent(group); !found || last != generation {
		g.seen.Set(group, generation)
	}
	return true
}

// retire ends the generation that was used last, before the engine has heard.
func (g *groups) retire(group string) {
	if last, found := g.seen.GetIfPresent(group); found {
		g.retired.Set(group, last)
	}
}

// bypass keeps this process from every cached list of the group until those
// that others may still put have ended.
func (g *groups) bypass(group string) { g.bypassed.Set(group, time.Now().Add(g.lease)) }
