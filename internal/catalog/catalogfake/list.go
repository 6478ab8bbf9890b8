package catalogfake

import (
	"cmp"
	"context"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/media"
)

// ListProducts implements catalog.Store.
func (s *Store) ListProducts(_ context.Context, f catalog.Filter) (list []catalog.Summary, stopped find.Position, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.failure != nil {
		return nil, stopped, s.failure
	}
	compare := func(a, b find.Position) int {
		order := cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Text, b.Text), cmp.Compare(a.ID, b.ID))
		if f.Sort.Descending() {
			return -order
		}
		return order
	}
	all, selected := s.selected(catalog.Filter{UserID: f.UserID}), map[int64]bool{}
	for _, p := range s.selected(f) {
		selected[p.ID] = true
	}
	slices.SortFunc(all, func(a, b catalog.Summary) int { return compare(f.PositionOf(a), f.PositionOf(b)) })
	list = []catalog.Summary{}
	bytes, looked := 0, 0
	for _, p := range all {
		if f.After.ID != 0 && compare(f.PositionOf(p), f.After) <= 0 {
			continue
		}
		if len(list) == f.Limit || f.MaxBytes != 0 && bytes > f.MaxBytes {
			return list, find.Position{}, nil
		}
		if looked++; s.mostLooked > 0 && looked > s.mostLooked {
			return list, stopped, nil
		}
		stopped = f.PositionOf(p)
		if selected[p.ID] {
			bytes += p.Bytes()
			list = append(list, p)
		}
	}
	return list, find.Position{}, nil
}

// CountProducts implements catalog.Store.
func (s *Store) CountProducts(_ context.Context, f catalog.Filter, _ bool) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return int64(len(s.selected(f))), s.failure
}

func (s *Store) selected(f catalog.Filter) (list []catalog.Summary) {
	for _, product := range s.products {
		p := product.Summary()
		counts := map[catalog.Status]int{catalog.Pending: p.Images.Pending, catalog.Ready: p.Images.Ready, catalog.Failed: p.Images.Failed}
		lacks := func(n find.Name) bool { return !n.In(find.Fold(p.Name)) }
		switch {
		case f.UserID != 0 && p.UserID != f.UserID, f.ExternalID != "" && p.ExternalID != f.ExternalID,
			f.PriceMin != nil && p.Price < *f.PriceMin, f.PriceMax != nil && p.Price > *f.PriceMax,
			f.ImageStatus != "" && counts[f.ImageStatus] == 0,
			f.SourceHost != "" && !slices.ContainsFunc(product.Images, func(img catalog.Image) bool { return from(img, f) }),
			!f.UpdatedAfter.IsZero() && p.UpdatedAt.UnixMilli() <= f.UpdatedAfter.UnixMilli(),
			slices.ContainsFunc(f.Names(), lacks):
		default:
			list = append(list, p)
		}
	}
	return list
}

// from reports whether the image is from the host, and of the status, that the filter asks for.
func from(img catalog.Image, f catalog.Filter) bool {
	return media.SourceHost(img.SourceURL) == f.SourceHost &&
		(f.ImageStatus == "" || img.Status == f.ImageStatus || img.Status == catalog.Processing && f.ImageStatus == catalog.Pending)
}
