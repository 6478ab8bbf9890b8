package httpkit

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"vitrine.dev/internal/fault"
)

const (
	// FreeBytes is how much a request may use of a Budget without a Share: the
	// connection itself uses more.
	FreeBytes = 16 << 10
	// budgetTimeout is how long a request waits for its share.
	budgetTimeout = 5 * time.Second
)

var errBusy = fault.New(fault.Unavailable, "too much work is under way; try again")

// Budget bounds the memory that all requests use for one purpose, so that those
// of one kind do not block the others. A client that does not read its answer, or
// does not send the end of its body, keeps its share until its timeout.
type Budget struct {
	bytes *semaphore.Weighted
	all   int64
}

// NewBudget returns a Budget of so many bytes.
func NewBudget(bytes int64) Budget { return Budget{semaphore.NewWeighted(bytes), bytes} }

// Share is a part of a Budget. The zero value is none.
type Share struct {
	of    Budget
	bytes int64
}

// Take waits for a share of so many bytes, in the order of the calls: of all of them for
// whoever needs more. fault.Unavailable where there was no room in time.
func (b Budget) Take(ctx context.Context, bytes int64) (Share, error) {
	bytes = min(bytes, b.all)
	waiting, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	if b.bytes.Acquire(waiting, bytes) == nil {
		return Share{b, bytes}, nil
	}
	if err := ctx.Err(); err != nil {
		return Share{}, fmt.Errorf("wait for memory: %w", err)
	}
	return Share{}, errBusy
}

// TakeNow is Take for a caller that has allocated the bytes already and must not
// wait.
func (b Budget) TakeNow(bytes int64) (Share, error) {
	if !b.bytes.TryAcquire(bytes) {
		return Share{}, errBusy
	}
	return Share{b, bytes}, nil
}

// Shrink gives back all but so many bytes.
func (s *Share) Shrink(bytes int64) {
	if bytes < s.bytes {
		s.of.bytes.Release(s.bytes - bytes)
		s.bytes = bytes
	}
}

// Free gives back the rest.
func (s *Share) Free() { s.Shrink(0) }
