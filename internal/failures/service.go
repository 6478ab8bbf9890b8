package failures

import (
	"context"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/paging"
	"vitrine.dev/internal/requestid"
)

const (
	// MaxIDs bounds a request by ids, and what is done at once by filter:
	// more than so many become a job.
	MaxIDs = 1000
	// atOnce is how many items one transaction applies an action to.
	atOnce = 200
)

// Service is the use cases of the API. Its errors are of the kinds of package
// fault.
type Service struct {
	filtered.Service[Filter]

	store    Store
	announce catalog.Announcer
}

// NewService returns a Service; wake wakes the job.Runner, and never blocks.
func NewService(store Store, jobs job.Store, announce catalog.Announcer, wake func()) *Service {
	return &Service{
		Service: filtered.NewService[Filter](jobs, wake, string(Replay), string(Discard)), store: store, announce: announce,
	}
}

// Page is one page of failures, newest first.
type Page struct {
	Items []Item
	Next  *Position // where the next page begins; nil where this is the last
}

// List returns a page of what the principal may read. limit 0 stands for
// paging.Default. fault.Invalid; fault.Forbidden where the filter names another user.
func (s *Service) List(ctx context.Context, by auth.Principal, f Filter, after *Position, limit int) (Page, error) {
	f, err := f.of(by)
	if err != nil {
		return Page{}, err
	}
	items, more, err := paging.Read(limit, paging.Default, paging.Most, func(limit int) ([]Item, error) {
		return s.store.ListFailures(ctx, f, after, limit)
	})
	if err != nil || !more {
		return Page{Items: items}, err
	}
	next := items[len(items)-1].Position()
	return Page{Items: items, Next: &next}, nil
}

// ReplayImage replays a failed image for the product's owner, or an operator, and returns
// it with what changed of the product. fault.NotFound, fault.Conflict.
func (s *Service) ReplayImage(ctx context.Context, by auth.Principal, product, image int64) (catalog.Image, catalog.Changed, error) {
	img, changed, err := s.store.ReplayImage(ctx, product, image, by.Reads, requestid.From(ctx))
	if err != nil {
		return catalog.Image{}, catalog.Changed{}, err
	}
	s.announce.Announce(context.WithoutCancel(ctx), changed)
	return img, changed, nil
}
