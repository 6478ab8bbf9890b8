package catalogfake

import (
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
)

// unknownUpload returns the error of the first new image of the plan that is of an upload which no
// image of the user is of.
func (s *Store) unknownUpload(user int64, plan []catalog.PlannedImage) error {
	for _, planned := range plan {
		if _, ok := imageurl.UploadOf(planned.SourceURL); !ok || planned.ID != 0 || planned.Stored != nil {
			continue
		}
		if !s.shows(user, planned.SourceURL) {
			return &catalog.UnknownUploadError{URL: planned.SourceURL}
		}
	}
	return nil
}

func (s *Store) shows(user int64, url string) bool {
	for _, p := range s.products {
		for _, img := range p.Images {
			if p.UserID == user && img.SourceURL == url {
				return true
			}
		}
	}
	return false
}

// taken reports whether a product of the user, other than that of the id, has the external id.
func (s *Store) taken(user int64, external string, id int64) bool {
	for _, p := range s.products {
		if external != "" && p.ExternalID == external && p.UserID == user && p.ID != id {
			return true
		}
	}
	return false
}
