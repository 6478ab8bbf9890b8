package catalog

import (
	"context"
	"math"
	"slices"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
	"vitrine.dev/internal/seats"
)

// ErrUnknownUser is what a Store returns for a user that does not exist.
var ErrUnknownUser = fault.New(fault.Invalid, "the user does not exist")

// ErrExternalIDTaken is what a Store returns where another product of the user has
// the external id.
var ErrExternalIDTaken = &fault.Error{
	Kind: fault.Conflict, Message: "another product of the user has this external_id",
	Fields: fault.FieldErrors{{Name: FieldExternalID, Reason: "is taken by another product of the user"}},
}

// Announcer is called with the changes of a transaction right after its commit. The log of
// events repeats it, so an Announcer need not be reliable, only quick.
type Announcer interface {
	Announce(ctx context.Context, changed ...Changed)
}

// Service is the use cases of the API. Its errors are of the kinds of package
// fault.
type Service struct {
	store    Store
	announce Announcer
	keyTTL   time.Duration
	searches *seats.Seats // by name, that are running
}

// NewService returns a Service whose idempotency keys live for keyTTL.
func NewService(store Store, announce Announcer, keyTTL time.Duration) *Service {
	return &Service{store: store, announce: announce, keyTTL: keyTTL, searches: seats.New(math.MaxInt64, 1)}
}

// The answers for what does not exist, or is another's: no one learns which.
var (
	ErrNoProduct = fault.New(fault.NotFound, "there is no such product")
	ErrNoImage   = fault.New(fault.NotFound, "there is no such image of this product")
)

// Product returns the product. fault.NotFound.
func (s *Service) Product(ctx context.Context, by auth.Principal, id int64) (Product, error) {
	p, err := s.store.Product(ctx, id)
	if err == nil && !by.Reads(p.UserID) {
		return Product{}, ErrNoProduct
	}
	return p, err
}

// Change applies the patch and returns the product as it is then. Where
// versions is not nil, the product must be at one of them. A patch that
// changes nothing leaves the version as it is; where it has the images, those that
// failed are retried. fault.Invalid, fault.NotFound,
// fault.Stale, ErrExternalIDTaken.
func (s *Service) Change(ctx context.Context, by auth.Principal, id int64, p Patch, versions []int64) (Product, error) {
	if err := p.check(); err != nil {
		return Product{}, err
	}
	product, err := s.edit(ctx, by, id, versions, p.revision)
	return product, NamedUpload(err, given(p.Images, nil))
}

// edit writes what change makes of the product, and returns the product as it is then.
func (s *Service) edit(
	ctx context.Context, by auth.Principal, id int64, versions []int64, change func(Product) (Revision, error),
) (Product, error) {
	var differs bool
	product, err := s.store.ReviseProduct(ctx, id, func(old Product) (Revision, error) {
		if err := allowed(by, versions, old.UserID, old.Version); err != nil {
			return Revision{}, err
		}
		r, err := change(old)
		if err != nil {
			return Revision{}, err
		}
		if err := r.check(); err != nil {
			return Revision{}, err
		}
		r.RequestID = requestid.From(ctx)
		differs = !r.ChangesNothing()
		return r, nil
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
func (s *Service) Delete(ctx context.Context, by auth.Principal, id int64, versions []int64) error {
	changed, err := s.store.DeleteProduct(ctx, id, func(user, version int64) error { return allowed(by, versions, user, version) })
	if err != nil {
		return err
	}
	s.changed(ctx, changed)
	return nil
}

// allowed says why the principal may not change a user's product that is at the version:
// it must be one of versions, where these are not nil.
func allowed(by auth.Principal, versions []int64, user, version int64) error {
	switch {
	case !by.Owns(user):
		return ErrNoProduct
	case versions != nil && !slices.Contains(versions, version):
		return fault.New(fault.Stale, "the product has changed since")
	}
	return nil
}

// List returns one page of products in the order of the filter: as many as it asks
// for, or fewer, where their texts reach MaxPageBytes or thousands have been looked at in vain; even none,
// and Page.Next says that there may be more. fault.Invalid.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	if err := f.check(); err != nil {
		return Page{}, err
	}
	return s.list(ctx, f)
}

// ListOfAll is List for the products of all users, by id, all of them or those of which an
// image has failed, or is from a host: nothing else has an index. fault.Forbidden for who is no operator.
func (s *Service) ListOfAll(ctx context.Context, by auth.Principal, f Filter) (Page, error) {
	if !by.ForAll() {
		return Page{}, fault.New(fault.Forbidden, "only operators may list the products of all users")
	}
	if err := f.checkOfAll(); err != nil {
		return Page{}, err
	}
	return s.list(ctx, f)
}

func (s *Service) list(ctx context.Context, f Filter) (Page, error) {
	if f.Limit == 0 {
		f.Limit = DefaultListLimit
	}
	limit := f.Limit
	f.Limit++ // one more shows whether there is a next page
	f.MaxBytes = MaxPageBytes
	turn, err := s.search(ctx, f)
	if err != nil {
		return Page{}, err
	}
	defer turn.Free()
	products, stopped, err := s.store.ListProducts(ctx, f.ofStore())
	if err != nil {
		return Page{}, err
	}
	n := fitting(products[:min(limit, len(products))])
	page := Page{Products: products[:n], Next: stopped}
	if n < len(products) {
		page.Next = f.PositionOf(products[n-1])
	}
	return page, nil
}

// Count returns how many products the filter selects, wherever its page begins and ends.
// Estimated is a guess where there are more than a few thousand, of a database that
// has statistics; else each is counted. fault.Invalid.
func (s *Service) Count(ctx context.Context, f Filter, estimated bool) (int64, error) {
	if err := f.check(); err != nil {
		return 0, err
	}
	turn, err := s.search(ctx, f)
	if err != nil {
		return 0, err
	}
	defer turn.Free()
	return s.store.CountProducts(ctx, f.ofStore(), estimated)
}

// searchWait is how long a search waits until the user's other one has ended.
const searchWait = 5 * time.Second

// search waits for the turn of a search by name: in this process a user has one running, as many at
// once would have all of a database's cores. Other lists do not wait. fault.Unavailable.
func (s *Service) search(ctx context.Context, f Filter) (seats.Taken, error) {
	if len(f.Names()) == 0 {
		return seats.Taken{}, nil
	}
	turn, err := s.searches.TakeWithin(ctx, searchWait, f.UserID, 1)
	if err != nil {
		return turn, fault.Wrap(fault.Unavailable, "another search by name of this user is under way; try again", err)
	}
	return turn, nil
}

// fitting is how many of the products, from the first on, make one page.
func fitting(products []Summary) int {
	bytes := 0
	for i, p := range products {
		bytes += p.Bytes()
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
