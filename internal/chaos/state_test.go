package chaos_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
)

// state is what a client wants a product to be: everything that it can set.
// Each state has a token of its own, which the description carries.
type state struct {
	Name        string      `json:"product_name"`
	Description string      `json:"product_description"`
	Price       json.Number `json:"product_price"`
	Images      []string    `json:"product_images"`
}

func (s state) equal(o state) bool {
	if s.Name != o.Name || s.Description != o.Description || s.Price != o.Price || len(s.Images) != len(o.Images) {
		return false
	}
	for i := range s.Images {
		if s.Images[i] != o.Images[i] {
			return false
		}
	}
	return true
}

// maker makes states that no other is equal to.
type maker struct {
	base  string // URL of the source
	run   string
	count atomic.Int64
}

func (m *maker) state(rng *rand.Rand, name string) state {
	n := m.count.Add(1)
	s := state{
		Name: name, Description: fmt.Sprintf("state %d", n), Images: []string{},
		Price: json.Number(fmt.Sprintf("%d.%d%d", n, rng.IntN(10), 1+rng.IntN(9))), // in its shortest form
	}
	if name == "" {
		s.Name = fmt.Sprintf("chaos %s %d", m.run, n)
	}
	for range 1 + rng.IntN(3) {
		s.Images = append(s.Images, m.image(rng))
	}
	return s
}

// like is another state with the same pictures.
func (m *maker) like(rng *rand.Rand, s state) state {
	next := m.state(rng, s.Name)
	next.Images = s.Images
	return next
}

// slowly is a state with so many pictures of a host that take a while to come.
func (m *maker) slowly(rng *rand.Rand, base string, pictures int) state {
	s := m.state(rng, "")
	s.Images = nil
	for range pictures {
		s.Images = append(s.Images, base+"/"+slow+"/"+strconv.FormatInt(m.count.Add(1), 10))
	}
	return s
}

func (m *maker) image(rng *rand.Rand) string {
	kinds := []string{good, good, good, good, good, good, shared, slow, flaky, busy, changing, changing, gone, broken, text}
	kind := kinds[rng.IntN(len(kinds))]
	n := m.count.Add(1)
	if kind == shared {
		n = int64(rng.IntN(5))
	}
	return m.base + "/" + kind + "/" + strconv.FormatInt(n, 10)
}

// item is one product and all that is known of it.
type item struct {
	mu      sync.Mutex
	id      int64
	user    int64
	acked   map[int64]state  // by revision
	unknown map[string]state // by description: sent, with an unknown outcome
	deleted bool             // acknowledged
	doomed  bool             // a delete was sent
}

// model is what the clients know.
type model struct {
	mu    sync.Mutex
	items []*item
	lost  map[string]state // creates with an unknown outcome, by name
	byID  map[int64]*item
}

func newModel() *model { return &model{lost: map[string]state{}, byID: map[int64]*item{}} }

func (l *model) add(it *item) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, it)
	l.byID[it.id] = it
}

func (l *model) unknown(s state) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[s.Name] = s
}

// pick returns a product: often one of a few that everyone wants, so that
// caches have something to do, else a recent one or any.
func (l *model) pick(rng *rand.Rand) *item {
	const recent = 20
	if it := l.popular(rng); it != nil && rng.IntN(2) == 0 {
		return it
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch n := len(l.items); {
	case n == 0:
		return nil
	case n > recent && rng.IntN(2) == 0:
		return l.items[n-1-rng.IntN(recent)]
	default:
		return l.items[rng.IntN(n)]
	}
}

// popular returns one of the oldest products that no one has deleted.
func (l *model) popular(rng *rand.Rand) *item {
	const few = 8
	var found []*item
	for _, it := range l.all() {
		it.mu.Lock()
		doomed := it.doomed
		it.mu.Unlock()
		if !doomed {
			found = append(found, it)
		}
		if len(found) == few {
			break
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[rng.IntN(len(found))]
}

func (l *model) all() []*item {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*item{}, l.items...)
}

// latest returns the state with the highest revision that was acknowledged.
func (it *item) latest() (s state) {
	revision := int64(0)
	for v, candidate := range it.acked {
		if v > revision {
			revision, s = v, candidate
		}
	}
	return s
}

// may reports whether a read at the revision may show the state: it is the
// newest acknowledged up to there, or one whose outcome is unknown.
func (it *item) may(revision int64, s state) bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	if sent, ok := it.unknown[s.Description]; ok {
		return sent.equal(s)
	}
	newest := int64(0)
	for v := range it.acked {
		if v <= revision && v > newest {
			newest = v
		}
	}
	return newest > 0 && it.acked[newest].equal(s)
}
