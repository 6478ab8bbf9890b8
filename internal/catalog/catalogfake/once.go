package catalogfake

import (
	"context"
	"fmt"

	"vitrine.dev/internal/catalog"
)

// CreateProductOnce implements catalog.Store.
func (s *Store) CreateProductOnce(
	ctx context.Context, n catalog.NewProduct, once catalog.Once,
) (catalog.Product, *catalog.Earlier, error) {
	if err := s.wait(ctx); err != nil {
		return catalog.Product{}, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprintf("%d/%s", n.UserID, once.Key)
	if earlier, held := s.keys[key]; held && s.failure == nil {
		return catalog.Product{}, &earlier, nil
	}
	p, err := s.add(n)
	if err != nil {
		return catalog.Product{}, nil, err
	}
	s.keys[key] = catalog.Earlier{ProductID: p.ID, Fingerprint: once.Fingerprint}
	return p, nil, nil
}

// EarlierUse implements catalog.Store.
func (s *Store) EarlierUse(_ context.Context, user int64, key string) (*catalog.Earlier, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if earlier, held := s.keys[fmt.Sprintf("%d/%s", user, key)]; held {
		return &earlier, s.failure
	}
	return nil, s.failure
}
