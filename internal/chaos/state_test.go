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
	src   *source
	run   string
	count atomic.Int64
}

func (m *maker) state(rng *rand.Rand, user int64, name string) state {
	n := m.count.Add(1)
	s := state{
		Name: name, Description: fmt.Sprintf("state %d", n), Images: []string{},
		Price: json.Number(fmt.Sprintf("%d.%d%d", n, rng.IntN(10), 1+rng.IntN(9))), // in its shortest form
	}
	if name == "" {
		s.Name = fmt.Sprintf("chaos %s %d", m.run, n)
	}
	if user == badUser && rng.IntN(importEvery) == 0 { // many pictures of one host
		at := m.src.hosts[sluggish][rng.IntN(len(m.src.hosts[sluggish]))]
		for range imported {
			s.Images = append(s.Images, m.image(rng, at))
		}
		return s
	}
	for range 1 + rng.IntN(3) {
		s.Images = append(s.Images, m.image(rng, m.src.hostFor(rng, user)))
	}
	return s
}

// Every so many of the bad user's products have so many pictures of one host.
const (
	importEvery = 20
	imported    = 16
)

// like is another state with the same pictures.
func (m *maker) like(rng *rand.Rand, user int64, s state) state {
	next := m.state(rng, user, s.Name)
	next.Images = s.Images
	return next
}

// slowly is a state with so many pictures of a host that take a while to come.
func (m *maker) slowly(rng *rand.Rand, user int64, at *host, pictures int) state {
	s := m.state(rng, user, "")
	s.Images = nil
	for range pictures {
		s.Images = append(s.Images, at.URL+"/"+slow+"/"+strconv.FormatInt(m.count.Add(1), 10))
	}
	return s
}

// image is a URL that no other product has.
func (m *maker) image(rng *rand.Rand, at *host) string {
	kinds := []string{good, good, good, good, good, good, shared, slow, flaky, busy, changing, changing, gone, broken, text}
	kind := kinds[rng.IntN(len(kinds))]
	base, n := at.URL+"/"+kind+"/", strconv.FormatInt(m.count.Add(1), 10)
	if kind == shared {
		base += strconv.Itoa(rng.IntN(5)) + "/"
	}
	return base + n
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

	cancelled bool // images may have failed because an import was cancelled
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
