package imagesql

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"sync"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
)

// bound is where a step begins to read each index of the queue. What earlier
// steps have left behind in an index is removed by a vacuum only, and not while
// some transaction that is older is open: without bounds each step would read
// over all of it.
type bound struct {
	rank       [dispatch.Classes]int64
	token, due int64
	version    int // how often the bounds were set: the same values may be set twice
}

const (
	// lookAgain is after how long it is looked again for what comes below the
	// bounds at the earliest, because its transaction was slow, another dispatcher has
	// lower ranks or a clock was put back.
	lookAgain = 250 * time.Millisecond
	// lookShare is for how many times as long as it took to look it is not done again,
	// and lookLatest the most: with an old transaction open it takes longer and longer.
	// What takes longer than lookTimeout is given up, and the bounds stay, if there are any.
	lookShare   = 20
	lookLatest  = time.Minute
	lookTimeout = 2 * time.Second
	// dueSlack is how long after it was due a row may be seen first, in milliseconds,
	// without the look: a create takes the time before its commit.
	dueSlack = 250
)

// lowest are the bounds of the next step.
type lowest struct {
	mu   sync.Mutex
	look time.Time // when to look again
	bound
}

// limited is the time that a look has. The first one has all of its caller's: beside a
// transaction that is open for long no step would ever begin.
func (l *lowest) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.look.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, lookTimeout)
}

// bounds returns the lower bounds for a step; none where an index keeps nothing
// that was deleted.
func (s *Images) bounds(ctx context.Context) (bound, error) {
	if s.db.OneWriter {
		return bound{}, nil
	}
	s.lowest.mu.Lock()
	defer s.lowest.mu.Unlock()
	if time.Now().Before(s.lowest.look) {
		return s.lowest.bound, nil
	}
	var rank [dispatch.Classes]sql.NullInt64
	var token, due sql.NullInt64
	var now int64
	var began time.Time
	looking, cancel := s.lowest.limited(ctx)
	defer cancel()
	err := s.db.WithRetry(looking, "look for the head of the line", func(ctx context.Context) error {
		began = time.Now()
		return s.db.Reader.QueryRowContext(ctx, s.db.SQL(`
			SELECT (SELECT min(rank) FROM images WHERE stage = 2 AND class = 0), (SELECT min(rank) FROM images WHERE stage = 2 AND class = 1),
				(SELECT min(dispatched_until) FROM images WHERE stage = 3), (SELECT min(due_at) FROM images WHERE stage = 0), {now}`)).Scan(&rank[0], &rank[1], &token, &due, &now)
	})
	switch {
	case err != nil && looking.Err() != nil && ctx.Err() == nil:
		s.lowest.look = time.Now().Add(lookLatest)
		return s.lowest.bound, nil
	case err != nil:
		return bound{}, err
	}
	s.lowest.look = time.Now().Add(min(max(lookShare*time.Since(began), lookAgain), lookLatest))
	s.lowest.version++
	// Where there is none of a kind, its bound stays: what comes is higher.
	for class, lowest := range rank {
		if lowest.Valid {
			s.lowest.rank[class] = lowest.Int64
		}
	}
	if token.Valid {
		s.lowest.token = token.Int64
	}
	s.lowest.due = now - dueSlack
	if due.Valid {
		s.lowest.due = min(s.lowest.due, due.Int64)
	}
	return s.lowest.bound, nil
}

// advance has the next step begin where the one that began at low has left off,
// unless something came below it meanwhile.
func (s *Images) advance(low, next bound) {
	s.lowest.mu.Lock()
	defer s.lowest.mu.Unlock()
	if s.lowest.version == low.version {
		next.version++
		s.lowest.bound = next
	}
}

// lower has the next step see the rank of a line.
func (s *Images) lower(class dispatch.Class, rank int64) {
	s.lowest.mu.Lock()
	defer s.lowest.mu.Unlock()
	s.lowest.rank[class] = min(s.lowest.rank[class], rank)
	s.lowest.version++
}

// after returns the bounds after a step that began to read at b: below them is
// nothing that it saw or wrote. What others write is not below them either, but for
// what bounds looks for again.
func (b bound) after(w dispatch.Window, d dispatch.Decision, life time.Duration) bound {
	left := make(map[int64]bool, len(d.Positions)) // what is not where it was
	var kept [dispatch.Classes]int64               // the lowest rank in line
	var served [dispatch.Classes]int64             // the highest one beyond
	for class := range dispatch.Classes {
		kept[class], served[class] = math.MaxInt64, b.rank[class]
	}
	for _, p := range d.Positions {
		left[p.ID] = true
		if p.To == media.InLine {
			kept[p.NewClass] = min(kept[p.NewClass], p.NewRank)
		}
		if p.To == media.Out {
			served[p.NewClass] = max(served[p.NewClass], p.NewRank)
		}
	}
	b.token = w.Now + life.Milliseconds() // the next one is not lower
	for _, r := range w.Out {
		served[r.Class] = max(served[r.Class], r.Rank)
		if !left[r.ID] {
			b.token = min(b.token, r.Token)
		}
	}
	for class, line := range w.Line {
		if len(line) >= dispatch.LineWindow { // more may follow
			kept[class] = min(kept[class], line[dispatch.LineWindow-1].Rank)
		}
		for _, r := range line {
			if !left[r.ID] {
				kept[class] = min(kept[class], r.Rank)
			}
		}
		b.rank[class] = kept[class]
		if kept[class] == math.MaxInt64 { // a new rank is not lower than those that had their turn
			b.rank[class] = served[class]
		}
	}
	b.due = dueAfter(b.due, w, left)
	return b
}

// dueAfter is the bound of what is due after a step that began to read at low.
func dueAfter(low int64, w dispatch.Window, left map[int64]bool) int64 {
	next, recent := w.Now-dueSlack, w.Now-dispatch.NewestFor.Milliseconds()
	last, oldest, latest := low, 0, 0
	for _, r := range w.Due {
		if !left[r.ID] {
			next = min(next, r.DueAt)
		}
		switch {
		case r.HeadOfUser: // others lie between it and those
		case r.DueAt <= recent:
			last = max(last, r.DueAt)
			oldest++
		default:
			latest++
		}
	}
	switch { // more may follow
	case oldest >= dispatch.DueAtOnce:
		next = min(next, last)
	case latest >= dispatch.DueAtOnce:
		next = min(next, max(low, recent))
	}
	return next
}

// floor is the lowest rank of what is out or in line: no user and no host has one
// below it.
func floor(w dispatch.Window) int64 {
	lowest := int64(math.MaxInt64)
	for _, r := range slices.Concat(w.Out, w.Line[0], w.Line[1]) {
		lowest = min(lowest, r.Rank)
	}
	return lowest
}
