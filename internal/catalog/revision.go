package catalog

import (
	"fmt"
	"maps"
	"slices"
)

// Revision is what an edit makes of a product.
type Revision struct {
	Name        string
	Description string
	Price       Price
	ExternalID  string
	Metadata    Metadata
	Images      []PlannedImage // in order
	Retry       []int64        // ids of images that start over, if they have failed
	Fields      []string       // that differ, as clients write them, in order
	RequestID   string
	Once        *Once // the key under which its one new image is added; nil: none
}

// PlannedImage is an image that a product shall have.
type PlannedImage struct {
	ID        int64 // of the image that stays; 0 for a new one
	SourceURL string
	Alt       string
	Stored    *Source // of a new one whose file was stored for it; nil: of none, or of one that others have
}

// ChangesNothing reports whether there is nothing to write.
func (r Revision) ChangesNothing() bool { return len(r.Fields) == 0 && len(r.Retry) == 0 }

// unchanged leaves the product as it is.
func unchanged(p Product) Revision {
	r := Revision{
		Name: p.Name, Description: p.Description, Price: p.Price, ExternalID: p.ExternalID, Metadata: p.Metadata,
		Images: make([]PlannedImage, len(p.Images)),
	}
	for i, img := range p.Images {
		r.Images[i] = stays(img)
	}
	return r
}

func stays(img Image) PlannedImage {
	return PlannedImage{ID: img.ID, SourceURL: img.SourceURL, Alt: img.Alt}
}

// compared returns the revision with the fields in which it differs from the product.
func (r Revision) compared(old Product) Revision {
	r.Fields = nil
	sameImage := func(img Image, p PlannedImage) bool { return img.ID == p.ID && img.Alt == p.Alt }
	for field, differs := range map[string]bool{
		FieldName: r.Name != old.Name, FieldDescription: r.Description != old.Description, FieldPrice: r.Price != old.Price,
		FieldImages: !slices.EqualFunc(old.Images, r.Images, sameImage), FieldExternalID: r.ExternalID != old.ExternalID,
		FieldMetadata: !maps.Equal(r.Metadata, old.Metadata),
	} {
		if differs {
			r.Fields = append(r.Fields, field)
		}
	}
	slices.Sort(r.Fields)
	return r
}

// check is for what a change alone does not show.
func (r Revision) check() error {
	var c checker
	c.checkMetadata(r.Metadata)
	c.checkImageCount(len(r.Images))
	return c.Err()
}

func (c *checker) checkImageCount(n int) {
	if n > MaxImages {
		c.Add(FieldImages, fmt.Sprintf("must have at most %d entries, has %d", MaxImages, n))
	}
}

// planImages matches the wanted URLs with the images that are there: an
// unchanged URL keeps its image and its work, also at another place in the
// order; a new URL becomes a new image. What is not in the plan is dropped. Those
// that stay though they have failed are to be retried: their client has sent them
// again.
func planImages(old []Image, wanted []string) (plan []PlannedImage, retry []int64) {
	free := make(map[string][]Image, len(old))
	for _, img := range old {
		free[img.SourceURL] = append(free[img.SourceURL], img)
	}
	plan = make([]PlannedImage, 0, len(wanted))
	for _, u := range wanted {
		p := PlannedImage{SourceURL: u}
		if same := free[u]; len(same) > 0 {
			p, free[u] = stays(same[0]), same[1:]
			if same[0].Status == Failed {
				retry = append(retry, p.ID)
			}
		}
		plan = append(plan, p)
	}
	return plan, retry
}
