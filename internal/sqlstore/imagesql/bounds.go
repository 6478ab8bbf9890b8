package imagesql

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"vitrine.dev/internal/dispatch"
)

// bound is where a step begins to read each index of the queue. What earlier
// steps have left behind in an index is removed by a vacuum only, and not while
// some transaction that is older is open: without bounds each step would read
// over all of it.
type bound struct {
	rank       [dispatch.Classes]int64
	token, due int64
}

const (
	// boundLife is how long bounds are used: what comes below them, because its
	// transaction was slow or another dispatcher has lower ranks, waits as long.
	boundLife = 2 * time.Second
	// boundSlack is how long before now bounds of times lie at least, in milliseconds.
	boundSlack = 10_000
)

// lowest are the bounds that were read last.
type lowest struct {
	mu   sync.Mutex
	read time.Time
	bound
}

// bounds returns the lower bounds for a step; none where an index keeps nothing
// that was deleted.
func (s *Images) bounds(ctx context.Context) (bound, error) {
	if s.db.OneWriter {
		return bound{}, nil
	}
	s.lowest.mu.Lock()
	defer s.lowest.mu.Unlock()
	if time.Since(s.lowest.read) < boundLife {
		return s.lowest.bound, nil
	}
	var rank [dispatch.Classes]sql.NullInt64
	var token, due sql.NullInt64
	var now int64
	err := s.db.WithRetry(ctx, "look for the head of the line", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, s.db.SQL(`
			SELECT (SELECT min(rank) FROM images WHERE stage = 2 AND class = 0), (SELECT min(rank) FROM images WHERE stage = 2 AND class = 1),
				(SELECT min(dispatched_until) FROM images WHERE stage = 3), (SELECT min(due_at) FROM images WHERE stage = 0), {now}`)).Scan(&rank[0], &rank[1], &token, &due, &now)
	})
	if err != nil {
		return bound{}, err
	}
	orNow := func(n sql.NullInt64) int64 {
		if n.Valid {
			return min(n.Int64, now-boundSlack)
		}
		return now - boundSlack
	}
	s.lowest.read = time.Now()
	s.lowest.token, s.lowest.due = orNow(token), orNow(due)
	for class, lowest := range rank {
		if lowest.Valid { // else it stays: new ranks are higher
			s.lowest.rank[class] = lowest.Int64
		}
	}
	return s.lowest.bound, nil
}
