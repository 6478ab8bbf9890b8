package catalogfake

import (
	"context"
	"strings"

	"vitrine.dev/internal/catalog"
)

// ListProducts implements catalog.Store.
func (s *Store) ListProducts(_ context.Context, f catalog.Filter) ([]catalog.Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.failure != nil {
		return nil, s.failure
	}
	list := []catalog.Summary{}
	bytes := 0
	for id := s.lastID; id > 0 && len(list) < f.Limit && (f.MaxBytes == 0 || bytes <= f.MaxBytes); id-- {
		p, ok := s.products[id]
		switch {
		case !ok, f.Before != 0 && id >= f.Before, f.UserID != 0 && p.UserID != f.UserID,
			f.PriceMin != nil && p.Price < *f.PriceMin, f.PriceMax != nil && p.Price > *f.PriceMax,
			!strings.Contains(catalog.Fold(p.Name), f.Name):
			continue
		}
		item := summary(p)
		bytes += item.Bytes()
		list = append(list, item)
	}
	return list, nil
}

func summary(p catalog.Product) catalog.Summary {
	s := catalog.Summary{
		ID: p.ID, UserID: p.UserID, Name: p.Name, Description: p.Description, Price: p.Price, ExternalID: p.ExternalID,
		Metadata: p.Metadata, Version: p.Version, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	for _, img := range p.Images {
		switch img.Status {
		case catalog.Failed:
			s.Images.Failed++
		case catalog.Ready:
			s.Images.Ready++
			if s.Cover == nil {
				cover := img.Rendition.Cover()
				s.Cover = &cover
			}
		default:
			s.Images.Pending++
		}
	}
	return s
}
