package httpkit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/seats"
)

const (
	// FreeBytes is how much a request may use of a Budget without a Share: the
	// connection itself uses more.
	FreeBytes = 16 << 10
	// budgetTimeout is how long a request waits for its share.
	budgetTimeout = 5 * time.Second
)

var (
	errBusy       = fault.New(fault.Unavailable, "too much work is under way; try again")
	errBusyOfUser = fault.New(fault.Unavailable, "too much work of this user is under way; try again")
)

// Budget bounds the memory that all requests use for one purpose, so that those
// of one kind do not block the others. A client that does not read its answer, or
// does not send the end of its body, keeps its share until its timeout: half of it is
// out of the reach of any one user.
type Budget struct {
	bytes *seats.Seats
	user  func(context.Context) int64
}

// NewBudget returns a Budget of so many bytes. user tells whose request a context is of, 0 for no one's;
// nil: none is known.
func NewBudget(bytes int64, user func(context.Context) int64) Budget {
	return Budget{seats.New(bytes, bytes/2), user}
}

// Share is a part of a Budget. The zero value is none.
type Share = seats.Taken

// Take waits for a share of so many bytes, in the order of the calls: of all of them for
// whoever needs more. fault.Unavailable where there was no room in time; where ctx is done before, its cause.
func (b Budget) Take(ctx context.Context, bytes int64) (Share, error) {
	return b.TakeFor(ctx, b.userOf(ctx), bytes)
}

// TakeFor is Take for a user whom the context does not tell.
func (b Budget) TakeFor(ctx context.Context, user, bytes int64) (Share, error) {
	share, err := b.bytes.TakeWithin(ctx, budgetTimeout, user, bytes)
	return share, busy(err)
}

// TakeNow is Take for a caller that has allocated the bytes already and must not
// wait.
func (b Budget) TakeNow(ctx context.Context, bytes int64) (Share, error) {
	share, err := b.bytes.TryTake(b.userOf(ctx), bytes)
	return share, busy(err)
}

func (b Budget) userOf(ctx context.Context) int64 {
	if b.user == nil {
		return 0
	}
	return b.user(ctx)
}

func busy(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, seats.ErrFullOfUser):
		return errBusyOfUser
	case errors.Is(err, seats.ErrFull):
		return errBusy
	default:
		return fmt.Errorf("wait for memory: %w", err)
	}
}
