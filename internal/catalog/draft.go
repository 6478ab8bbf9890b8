package catalog

import (
	"maps"
	"slices"

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

// apply returns what the patch makes of the product. It names no field where that
// is no different.
func (p Patch) apply(old Product) Revision {
	r := Revision{
		Name: given(p.Name, old.Name), Description: given(p.Description, old.Description), Price: given(p.Price, old.Price),
		ExternalID: given(p.ExternalID, old.ExternalID), Metadata: old.Metadata,
	}
	if p.Metadata != nil {
		r.Metadata = p.Metadata.apply(old.Metadata)
	}
	wanted := sourceURLs(old.Images)
	if p.Images != nil {
		wanted = cleanURLs(*p.Images)
	}
	r.Images = planImages(old.Images, wanted)
	for field, differs := range map[string]bool{
		FieldName: r.Name != old.Name, FieldDescription: r.Description != old.Description, FieldPrice: r.Price != old.Price,
		FieldImages: !sameImages(old.Images, r.Images), FieldExternalID: r.ExternalID != old.ExternalID,
		FieldMetadata: !maps.Equal(r.Metadata, old.Metadata),
	} {
		if differs {
			r.Fields = append(r.Fields, field)
		}
	}
	slices.Sort(r.Fields)
	return r
}

// check is for what a patch alone does not show.
func (r Revision) check() error {
	var c checker
	c.checkMetadata(r.Metadata)
	return c.Err()
}

// given returns what the patch gives, or else what was there.
func given[T any](value *T, old T) T {
	if value != nil {
		return *value
	}
	return old
}

// planImages matches the wanted URLs with the images that are there: an
// unchanged URL keeps its image and its work, also at another place in the
// order; a new URL becomes a new image. What is not in the plan is dropped.
func planImages(old []Image, wanted []string) []PlannedImage {
	free := make(map[string][]int64, len(old))
	for _, img := range old {
		free[img.SourceURL] = append(free[img.SourceURL], img.ID)
	}
	plan := make([]PlannedImage, 0, len(wanted))
	for _, u := range wanted {
		p := PlannedImage{SourceURL: u}
		if ids := free[u]; len(ids) > 0 {
			p.ID, free[u] = ids[0], ids[1:]
		}
		plan = append(plan, p)
	}
	return plan
}

func sameImages(old []Image, plan []PlannedImage) bool {
	return slices.EqualFunc(old, plan, func(img Image, p PlannedImage) bool { return img.ID == p.ID })
}

func sourceURLs(images []Image) []string {
	urls := make([]string, len(images))
	for i, img := range images {
		urls[i] = img.SourceURL
	}
	return urls
}
