// Package catalogfake has stand-ins for the ports of package catalog, for
// tests of those who use it.
package catalogfake

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// Store is a catalog.Store in memory. User 1 and 2 exist, and ids of products
// start at 101. It is safe for concurrent use.
type Store struct {
	mu        sync.Mutex
	products  map[int64]catalog.Product
	lastID    int64
	lastImage int64
	reads     int
	failure   error
	blocked   bool
	requests  []string
	keys      map[string]catalog.Earlier // by user and key; they never expire

	mostLooked int // at products, for a page; 0: all
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{products: make(map[int64]catalog.Product), keys: make(map[string]catalog.Earlier), lastID: 100}
}

// Fail makes every call return err from now on, nil for none.
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
}

// Look has ListProducts look at no more than so many products for a page.
func (s *Store) Look(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mostLooked = most
}

// Block makes Product and CreateProduct wait for the end of their context from
// now on.
func (s *Store) Block() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocked = true
}

func (s *Store) wait(ctx context.Context) error {
	s.mu.Lock()
	blocked := s.blocked
	s.mu.Unlock()
	if !blocked {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// Len is how many products there are.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.products)
}

// Reads is how often a product or a list was read.
func (s *Store) Reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// Requests are the request ids of writes.
func (s *Store) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// SetLastID has new products come after those that were Put with ids up to it.
func (s *Store) SetLastID(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID = id
}

// Put stores p as it is, as a worker's completion would.
func (s *Store) Put(p catalog.Product) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.products[p.ID] = p
}

// CreateProduct implements catalog.Store.
func (s *Store) CreateProduct(ctx context.Context, n catalog.NewProduct) (catalog.Product, error) {
	if err := s.wait(ctx); err != nil {
		return catalog.Product{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(n)
}

func (s *Store) add(n catalog.NewProduct) (catalog.Product, error) {
	switch {
	case s.failure != nil:
		return catalog.Product{}, s.failure
	case n.UserID > 2:
		return catalog.Product{}, catalog.ErrUnknownUser
	}
	if s.taken(n.UserID, n.ExternalID, 0) {
		return catalog.Product{}, catalog.ErrExternalIDTaken
	}
	plan := make([]catalog.PlannedImage, len(n.Images))
	for i, u := range n.Images {
		plan[i].SourceURL = u
	}
	if err := s.unknownUpload(n.UserID, plan); err != nil {
		return catalog.Product{}, err
	}
	s.lastID++
	p := catalog.Product{
		ID: s.lastID, UserID: n.UserID, Name: n.Name, Description: n.Description, Price: n.Price,
		ExternalID: n.ExternalID, Metadata: n.Metadata, Images: s.images(nil, plan), Version: 1, Revision: 1,
	}
	s.products[p.ID] = p
	s.requests = append(s.requests, n.RequestID)
	return p, nil
}

func (s *Store) images(old []catalog.Image, plan []catalog.PlannedImage) []catalog.Image {
	images := make([]catalog.Image, 0, len(plan))
	for i, planned := range plan {
		if at := slices.IndexFunc(old, func(i catalog.Image) bool { return i.ID == planned.ID }); at >= 0 {
			img := old[at]
			img.Position, img.Alt = i, planned.Alt
			images = append(images, img)
			continue
		}
		s.lastImage++
		images = append(images, catalog.Image{ID: s.lastImage, SourceURL: planned.SourceURL, Position: i, Alt: planned.Alt, Status: catalog.Pending})
	}
	return images
}

// Product implements catalog.Store.
func (s *Store) Product(ctx context.Context, id int64) (catalog.Product, error) {
	if err := s.wait(ctx); err != nil {
		return catalog.Product{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.find(id)
}

func (s *Store) find(id int64) (catalog.Product, error) {
	if s.failure != nil {
		return catalog.Product{}, s.failure
	}
	p, ok := s.products[id]
	if !ok {
		return catalog.Product{}, catalog.ErrNoProduct
	}
	return p, nil
}

// ReviseProduct implements catalog.Store.
func (s *Store) ReviseProduct(
	_ context.Context, id int64, revise func(catalog.Product) (catalog.Revision, error),
) (catalog.Product, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.find(id)
	if err != nil {
		return catalog.Product{}, err
	}
	r, err := revise(p)
	if err != nil || r.ChangesNothing() {
		return p, err
	}
	if s.taken(p.UserID, r.ExternalID, id) {
		return catalog.Product{}, catalog.ErrExternalIDTaken
	}
	if err := s.unknownUpload(p.UserID, r.Images); err != nil {
		return catalog.Product{}, err
	}
	if r.Once == nil {
		return s.revise(p, r), nil
	}
	key := fmt.Sprintf("%d/%s", p.UserID, r.Once.Key)
	if _, held := s.keys[key]; held {
		return catalog.Product{}, catalog.ErrKeyTaken
	}
	p = s.revise(p, r)
	added := slices.IndexFunc(r.Images, func(i catalog.PlannedImage) bool { return i.ID == 0 })
	s.keys[key] = catalog.Earlier{ProductID: p.ID, ImageID: p.Images[added].ID, Fingerprint: r.Once.Fingerprint}
	return p, nil
}

func (s *Store) revise(p catalog.Product, r catalog.Revision) catalog.Product {
	p.Name, p.Description, p.Price, p.ExternalID, p.Metadata = r.Name, r.Description, r.Price, r.ExternalID, r.Metadata
	if len(r.Fields) > 0 {
		p.Version++
	}
	p.Revision++
	p.Images = s.images(p.Images, r.Images)
	for i, img := range p.Images {
		if img.Status == catalog.Failed && slices.Contains(r.Retry, img.ID) {
			p.Images[i] = catalog.Image{ID: img.ID, SourceURL: img.SourceURL, Position: i, Alt: img.Alt, Status: catalog.Pending}
		}
	}
	s.products[p.ID] = p
	s.requests = append(s.requests, r.RequestID)
	return p
}

// RefreshImage implements catalog.Store. Nothing is fetched.
func (s *Store) RefreshImage(_ context.Context, product, image int64, allowed func(user int64) bool, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.find(product)
	at := slices.IndexFunc(p.Images, func(i catalog.Image) bool { return i.ID == image })
	switch {
	case err != nil:
		return err
	case at < 0 || !allowed(p.UserID):
		return catalog.ErrNoImage
	case p.Images[at].Status != catalog.Ready:
		return fault.New(fault.Conflict, "the image is not ready")
	}
	return nil
}

// Working implements catalog.Store: on all that is neither ready nor failed.
func (s *Store) Working(_ context.Context, product, image int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.products[product].Images, func(i catalog.Image) bool {
		return (image == 0 || i.ID == image) && (i.Status == catalog.Pending || i.Status == catalog.Processing)
	}), s.failure
}

// DeleteProduct implements catalog.Store.
func (s *Store) DeleteProduct(_ context.Context, id int64, check func(user, version int64) error) (catalog.Changed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.find(id)
	if err != nil {
		return catalog.Changed{}, err
	}
	if err := check(p.UserID, p.Version); err != nil {
		return catalog.Changed{}, err
	}
	delete(s.products, id)
	return catalog.Changed{ProductID: id, UserID: p.UserID, Revision: cache.Gone, Version: p.Version + 1, Edit: true}, nil
}

// ByExternalID implements catalog.Store.
func (s *Store) ByExternalID(_ context.Context, user int64, externalID string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return 0, s.failure
	}
	for id, p := range s.products {
		if p.UserID == user && p.ExternalID == externalID {
			return id, nil
		}
	}
	return 0, catalog.ErrNoProduct
}

// UserExists implements catalog.Store.
func (s *Store) UserExists(_ context.Context, id int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return id == 1 || id == 2, s.failure
}
