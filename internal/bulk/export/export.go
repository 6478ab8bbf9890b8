package export

import (
	"context"
	"fmt"
	"time"

	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

// Store reads products. Methods are safe for concurrent use.
type Store interface {
	// ExportProducts returns products of the user behind the id, by ascending ids: at most
	// limit of them, and none behind the one with which their Bytes reach maxBytes. Each is
	// as it was at one moment. more reports whether others may follow. fault.Unavailable.
	ExportProducts(ctx context.Context, user, after int64, limit, maxBytes int) (list []rows.ProductRow, more bool, err error)
}

// Log is what is asked of the log of events; it is an events.Horizon.
type Log interface {
	Now(ctx context.Context) (int64, error)
	Complete() int64
	Last(ctx context.Context) (int64, error)
}

// Limits of a page.
const (
	// MaxPageBytes is what the products of a page have, without the last.
	MaxPageBytes = 256 << 10
	firstPage    = 50  // products
	largestPage  = 500 // products
)

// nowLimit is how long it may take to confirm where the log of events is complete: any
// transaction that writes holds that up.
const nowLimit = 5 * time.Second

// Service makes exports. It is safe for concurrent use.
type Service struct {
	Store Store
	Log   Log
	Epoch func() string // of the installation, "" while it is not known
}

// Export is one on its way. It is for one goroutine.
type Export struct {
	// After is the event behind which every change follows that the products do not have.
	After events.PublicID
	// Products is how many were read.
	Products int64

	of     *Service
	user   int64
	last   int64 // id of the product that was read last
	limit  int
	bounds int // 0: there are no more
}

// Begin begins an export of the user's products. The position in the log is taken before
// the first is read. fault.Invalid where no user is named, fault.Unavailable.
func (s *Service) Begin(ctx context.Context, user int64) (*Export, error) {
	if user == 0 {
		return nil, fault.InvalidField("user_id", "is required")
	}
	epoch := s.Epoch()
	if epoch == "" {
		return nil, fault.New(fault.Unavailable, "the installation is not known yet; try again")
	}
	after, err := s.confirmed(ctx)
	if err != nil {
		return nil, fmt.Errorf("position of an export: %w", err)
	}
	return &Export{After: events.PublicID{Epoch: epoch, Position: after}, of: s, user: user, limit: firstPage, bounds: MaxPageBytes}, nil
}

// confirmed returns an id behind which all events are that are committed from now on. Where
// that takes too long it is an earlier one: then some follow that the products have.
func (s *Service) confirmed(ctx context.Context) (int64, error) {
	waiting, cancel := context.WithTimeout(ctx, nowLimit)
	defer cancel()
	now, err := s.Log.Now(waiting)
	switch {
	case err == nil || ctx.Err() != nil || waiting.Err() == nil:
		return now, err
	case s.Log.Complete() > 0:
		return s.Log.Complete(), nil
	default:
		return 0, fault.Wrap(fault.Unavailable, "the log of events is held up by a transaction; try again", err)
	}
}

// Next returns the next products, none where there are no more. fault.Unavailable.
func (e *Export) Next(ctx context.Context) ([]rows.ProductRow, error) {
	if e.bounds == 0 {
		return nil, nil
	}
	list, more, err := e.of.Store.ExportProducts(ctx, e.user, e.last, e.limit, e.bounds)
	if err != nil {
		return nil, fmt.Errorf("read products of an export: %w", err)
	}
	switch n := len(list); {
	case !more || n == 0:
		e.bounds = 0
	case n < e.limit: // what is read beyond a page is read in vain
		e.limit = n
	default:
		e.limit = min(2*e.limit, largestPage)
	}
	if len(list) > 0 {
		e.last = list[len(list)-1].ID
	}
	e.Products += int64(len(list))
	return list, nil
}

// Until returns an event than which nothing that was read is newer. fault.Unavailable.
func (e *Export) Until(ctx context.Context) (events.PublicID, error) {
	last, err := e.of.Log.Last(ctx)
	if err != nil {
		return events.PublicID{}, fmt.Errorf("end of an export: %w", err)
	}
	return events.PublicID{Epoch: e.After.Epoch, Position: max(last, e.After.Position)}, nil
}
