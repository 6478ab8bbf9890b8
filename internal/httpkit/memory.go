package httpkit

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"vitrine.dev/internal/fault"
)

const (
	// FreeBytes is how much a request may hold of a kind without a Share: the
	// connection itself takes more.
	FreeBytes = 16 << 10
	// budgetPatience is how long a request waits for its share.
	budgetPatience = 5 * time.Second
)

var errBusy = fault.New(fault.Unavailable, "too much work is under way; try again")

// Budget bounds how much memory all requests hold for one purpose, so that
// those of one kind do not keep the others out. A client that does not read its
// answer, or does not send the end of its body, holds its share until its time
// is over.
type Budget struct{ bytes *semaphore.Weighted }

// NewBudget returns a Budget of so many bytes.
func NewBudget(bytes int64) Budget { return Budget{semaphore.NewWeighted(bytes)} }

// Share is a part of a Budget. The zero value is none.
type Share struct {
	of    Budget
	bytes int64
}

// Take waits for a share of so many bytes, first come, first served.
// fault.Unavailable where there was no room in time.
func (b Budget) Take(ctx context.Context, bytes int64) (Share, error) {
	waiting, cancel := context.WithTimeout(ctx, budgetPatience)
	defer cancel()
	if b.bytes.Acquire(waiting, bytes) == nil {
		return Share{b, bytes}, nil
	}
	if err := ctx.Err(); err != nil {
		return Share{}, fmt.Errorf("wait for memory: %w", err)
	}
	return Share{}, errBusy
}

// TakeNow is Take for a caller that holds the bytes already and must not wait
// with them.
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
