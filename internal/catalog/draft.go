package catalog

import (
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
)

// Draft is a product as a client asks for it, before any rule was checked.
type Draft struct {
	UserID      int64 // 0: it names none
	Name        string
	Description string
	Images      []string
	Price       Price
	ExternalID  string // "": none
	Metadata    Metadata
	// FieldErrors are the fields that could not be read; check adds those that
	// break a rule.
	FieldErrors fault.FieldErrors
}

func (d Draft) check() fault.FieldErrors {
	c := checker{d.FieldErrors}
	c.checkID(FieldUserID, d.UserID)
	c.checkName(FieldName, d.Name)
	c.checkDescription(d.Description)
	c.checkImages(d.Images)
	c.checkPrice(d.Price)
	c.checkExternalID(d.ExternalID)
	c.checkMetadata(d.Metadata)
	return c.FieldErrors
}

// Patch is a change that a client asks for: nil leaves a field as it is.
type Patch struct {
	Name        *string
	Description *string
	Images      *[]string
	Price       *Price
	ExternalID  *string // "" removes it
	Metadata    *MetadataPatch
	FieldErrors fault.FieldErrors // as in Draft
	// ReadOnly says which fields, of those that are sent along though no one can change
	// them, are not what they are of the product; nil: none were sent.
	ReadOnly func(Product) fault.FieldErrors
}

func (p Patch) check() error {
	c := checker{p.FieldErrors}
	if p.Name != nil {
		c.checkName(FieldName, *p.Name)
	}
	if p.Description != nil {
		c.checkDescription(*p.Description)
	}
	if p.Images != nil {
		c.checkImages(*p.Images)
	}
	if p.Price != nil {
		c.checkPrice(*p.Price)
	}
	if p.ExternalID != nil {
		c.checkExternalID(*p.ExternalID)
	}
	if p.Metadata != nil {
		c.checkMetadata(p.Metadata.given())
	}
	return c.Err()
}

// revision is apply, where what else was sent is as it is.
func (p Patch) revision(old Product) (Revision, error) {
	if p.ReadOnly != nil {
		if err := p.ReadOnly(old).Err(); err != nil {
			return Revision{}, err
		}
	}
	return p.apply(old), nil
}

// apply returns what the patch makes of the product.
func (p Patch) apply(old Product) Revision {
	r := unchanged(old)
	r.Name, r.Description, r.Price = given(p.Name, old.Name), given(p.Description, old.Description), given(p.Price, old.Price)
	r.ExternalID = given(p.ExternalID, old.ExternalID)
	if p.Metadata != nil {
		r.Metadata = p.Metadata.apply(old.Metadata)
	}
	if p.Images != nil {
		r.Images, r.Retry = planImages(old.Images, cleanURLs(*p.Images))
	}
	return r.compared(old)
}

// given returns what the patch gives, or else what was there.
func given[T any](value *T, old T) T {
	if value != nil {
		return *value
	}
	return old
}

// cleanURLs returns nil for none.
func cleanURLs(urls []string) []string {
	var clean []string
	for _, u := range urls {
		clean = append(clean, imageurl.Clean(u))
	}
	return clean
}
