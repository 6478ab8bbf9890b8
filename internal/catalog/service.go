package catalog

import (
	"context"
	"slices"
	"time"

	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

// ErrUnknownUser is what a Store returns for a user that does not exist.
var ErrUnknownUser = fault.New(fault.Invalid, "the user does not exist")

// Announcer is called with every change right after its commit. The log of
// events repeats it, so an Announcer need not be reliable, only quick.
type Announcer interface {
	Announce(ctx context.Context, c Changed)
}

// Service is the use cases of the API. Its errors are of the kinds of package
// fault.
type Service struct {
	store    Store
	announce Announcer
	keyTTL   time.Duration
}

// NewService returns a Service whose idempotency keys live for keyTTL.
func NewService(store Store, announce Announcer, keyTTL time.Duration) *Service {
	return &Service{store: store, announce: announce, keyTTL: keyTTL}
}

// Product returns the product. fault.NotFound.
func (s *Service) Product(ctx context.Context, id int64) (Product, error) {
	return s.store.Product(ctx, id)
}

// Change applies the patch and returns the product as it is then. Where
// versions is not nil, the product must be at one of them. A patch that
// changes nothing leaves the version as it is. fault.Invalid, fault.NotFound,
// fault.Stale.
func (s *Service) Change(ctx context.Context, id int64, p Patch, versions []int64) (Product, error) {
	if err := p.check(); err != nil {
		return Product{}, err
	}
	var differs bool
	product, err := s.store.ReviseProduct(ctx, id, func(old Product) (Revision, error) {
		if versions != nil && !slices.Contains(versions, old.Version) {
			return Revision{}, fault.New(fault.Stale, "the product has changed since")
		}
		revision := p.apply(old)
		revision.RequestID = requestid.From(ctx)
		differs = len(revision.Fields) > 0
		return revision, nil
	})
	if err != nil {
		return Product{}, err
	}
	if differs {
		s.changed(ctx, product.Edited())
	}
	return product, nil
}

// Delete removes the product. Where versions is not nil, the product must be
// at one of them. fault.NotFound, fault.Stale.
func (s *Service) Delete(ctx context.Context, id int64, versions []int64) error {
	changed, err := s.store.DeleteProduct(ctx, id, versions)
	if err != nil {
		return err
	}
	s.changed(ctx, changed)
	return nil
}

// List returns one page of products, newest first: as many as the filter asks
// for, or fewer, where their texts reach MaxPageBytes. fault.Invalid.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	if err := f.check(); err != nil {
		return Page{}, err
	}
	f.Name = Fold(f.Name)
	if f.Limit == 0 {
		f.Limit = DefaultListLimit
	}
	limit := f.Limit
	f.Limit++ // one more shows whether there is a next page
	f.MaxBytes = MaxPageBytes
	products, err := s.store.ListProducts(ctx, f)
	if err != nil {
		return Page{}, err
	}
	n := fitting(products[:min(limit, len(products))])
	page := Page{Products: products[:n]}
	if n < len(products) {
		page.Next = products[n-1].ID
	}
	return page, nil
}

// fitting is how many of the products, from the first on, make one page.
func fitting(products []Summary) int {
	bytes := 0
	for i, p := range products {
		bytes += len(p.Name) + len(p.Description)
		if i > 0 && bytes > MaxPageBytes {
			return i
		}
	}
	return len(products)
}

func (s *Service) changed(ctx context.Context, c Changed) {
	failpoint.Crash(failpoint.Committed)
	s.announce.Announce(context.WithoutCancel(ctx), c)
}
