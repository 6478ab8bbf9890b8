package httpapi

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"vitrine.dev/internal/fault"
)

// What requests hold of memory at the same time is bounded by kind, so that
// those of one kind do not keep the others out: docs/operations.md adds it up.
// A client that does not take its answer, or does not send the end of its body,
// holds its share until its time is over. What is smaller than freeBytes is not
// counted: the connection itself takes more.
const (
	maxListMemory   = 48 << 20 // pages that are read, encoded and sent
	maxDetailMemory = 16 << 20 // products that are sent
	maxBodyMemory   = 32 << 20 // bodies that are read, until their answer
	maxDecodeMemory = 32 << 20 // what decoding bodies makes of them

	freeBytes = 16 << 10
	// decodeFactor is what decoding allocates at most for each byte of a body:
	// TestGreedyBodies.
	decodeFactor = 16
	// budgetPatience is how long a request waits for its share.
	budgetPatience = 5 * time.Second
)

var errBusy = fault.New(fault.Unavailable, "too much work is under way; try again")

// budgets are the bounds on memory of one API.
type budgets struct{ lists, details, bodies, decoding *semaphore.Weighted }

func newBudgets() budgets {
	return budgets{
		lists: semaphore.NewWeighted(maxListMemory), details: semaphore.NewWeighted(maxDetailMemory),
		bodies: semaphore.NewWeighted(maxBodyMemory), decoding: semaphore.NewWeighted(maxDecodeMemory),
	}
}

// share is a part of a budget. The zero value is none.
type share struct {
	of    *semaphore.Weighted
	bytes int64
}

// take waits for a share of so many bytes, first come, first served.
// fault.Unavailable where there was no room in time.
func take(ctx context.Context, of *semaphore.Weighted, bytes int64) (share, error) {
	waiting, cancel := context.WithTimeout(ctx, budgetPatience)
	defer cancel()
	if of.Acquire(waiting, bytes) == nil {
		return share{of, bytes}, nil
	}
	if err := ctx.Err(); err != nil {
		return share{}, fmt.Errorf("wait for memory: %w", err)
	}
	return share{}, errBusy
}

// takeNow is take for a caller that holds the bytes already and must not wait
// with them.
func takeNow(of *semaphore.Weighted, bytes int64) (share, error) {
	if !of.TryAcquire(bytes) {
		return share{}, errBusy
	}
	return share{of, bytes}, nil
}

// shrink gives back all but so many bytes.
func (s *share) shrink(bytes int64) {
	if bytes < s.bytes {
		s.of.Release(s.bytes - bytes)
		s.bytes = bytes
	}
}

// free gives back the rest.
func (s *share) free() { s.shrink(0) }
