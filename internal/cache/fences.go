package cache

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	fenceShards = 64
	// hashedSlots are kept per shard for what overflows: 64 KiB, made only
	// when needed.
	hashedSlots = 4096
)

// Fences remembers the highest version of each key for at least a given time,
// in bounded memory. Under pressure it forgets which key an announced version
// belongs to, not that it was announced: keys that share a hash then share the
// highest of their versions, which refuses entries that were good but never
// lets an old one pass. All methods are safe for concurrent use.
type Fences struct {
	life   time.Duration
	limit  int // of keys in a shard's young half
	seed   maphash.Seed
	shards [fenceShards]fenceShard
}

// NewFences returns an empty memory. Versions are kept for at least life, and
// about 2×limit keys exactly.
func NewFences(life time.Duration, limit int) *Fences {
	f := &Fences{life: life, limit: max(1, limit/fenceShards), seed: maphash.MakeSeed()}
	now := time.Now()
	for i := range f.shards {
		f.shards[i] = fenceShard{young: make(map[string]mark), since: now}
	}
	return f
}

// Of returns the highest version known of key, 0 for none. fresh is false when
// the version will be forgotten soon unless it is told again.
func (f *Fences) Of(key string) (version int64, fresh bool) {
	hash := maphash.String(f.seed, key)
	s := f.shard(hash)
	s.mu.RLock()
	defer s.mu.RUnlock()
	m, fresh := s.young[key]
	if !fresh {
		m = s.old[key]
	}
	return max(m.version, s.hashedVersion(hash)), fresh
}

// Announce notes that version is committed. It never lowers what is known.
func (f *Fences) Announce(key string, version int64) { f.note(key, mark{version, true}) }

// Saw notes that version was seen. What was merely seen is the first to be
// forgotten under pressure.
func (f *Fences) Saw(key string, version int64) { f.note(key, mark{version, false}) }

// Found notes that version was seen after a higher one, which is forgotten unless it was
// announced: what was Gone by what was seen had not been made yet.
func (f *Fences) Found(key string, version int64) {
	s := f.shard(maphash.String(f.seed, key))
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.young[key].over(s.old[key]).announced {
		delete(s.old, key)
		s.young[key] = mark{version, false}
	}
}

func (f *Fences) shard(hash uint64) *fenceShard { return &f.shards[hash%fenceShards] }

func (f *Fences) note(key string, m mark) {
	hash := maphash.String(f.seed, key)
	s := f.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	young, exists := s.young[key]
	if exists && young.over(m) == young {
		return
	}
	if now := time.Now(); now.Sub(s.since) >= f.life {
		s.age(now)
	} else if !exists && len(s.young) >= f.limit {
		f.fold(s, now)
	}
	s.young[key] = m.over(s.old[key]).over(young)
}

// fold makes room before the time: what is old and announced goes into the
// table of hashes.
func (f *Fences) fold(s *fenceShard, now time.Time) {
	for key, m := range s.old {
		if !m.announced {
			continue
		}
		if s.hashed == nil {
			s.hashed = new([hashedSlots]hashedFence)
		}
		s.hashed[slot(maphash.String(f.seed, key))].raise(m.version, now, f.life)
	}
	s.age(now)
}

// mark is a version and how it came to be known.
type mark struct {
	version   int64
	announced bool
}

// over joins what two marks say of one key.
func (m mark) over(other mark) mark {
	return mark{max(m.version, other.version), m.announced || other.announced}
}

// fenceShard holds a mark in its young half for up to life, then in its old
// half for life.
type fenceShard struct {
	mu         sync.RWMutex
	young, old map[string]mark
	since      time.Time // when young began
	hashed     *[hashedSlots]hashedFence
}

func (s *fenceShard) age(now time.Time) {
	s.old, s.young, s.since = s.young, make(map[string]mark, len(s.young)), now
}

func (s *fenceShard) hashedVersion(hash uint64) int64 {
	if s.hashed == nil {
		return 0
	}
	if h := s.hashed[slot(hash)]; time.Now().Before(h.until) {
		return h.version
	}
	return 0
}

func slot(hash uint64) uint64 { return hash / fenceShards % hashedSlots }

// hashedFence is the highest version of all keys with one hash.
type hashedFence struct {
	version int64
	until   time.Time
}

func (h *hashedFence) raise(version int64, now time.Time, life time.Duration) {
	if now.After(h.until) {
		h.version = 0
	}
	h.version, h.until = max(h.version, version), now.Add(life)
}
