package catalog

import (
	"fmt"

	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// The names of fields as clients write them.
const (
	FieldUserID      = "user_id"
	FieldName        = "product_name"
	FieldDescription = "product_description"
	FieldImages      = "product_images"
	FieldPrice       = "product_price"
	FieldExternalID  = "external_id"
	FieldMetadata    = "metadata"
	FieldSourceURL   = "source_url"
	FieldFile        = "file"
	FieldAlt         = "alt"
	FieldPosition    = "position"
)

// required is why a field that is not there is refused.
const required = "is required"

// Limits on what one product may hold.
const (
	MaxNameRunes        = 200
	MaxDescriptionRunes = 10_000
	MaxImages           = 50
	MaxExternalIDRunes  = 200
	MaxAltRunes         = 1000

	DefaultListLimit = 100
	MaxListLimit     = 1000
	// MaxPageBytes bounds the texts (Summary.Bytes) on one page of a list: a
	// page ends before the product that would exceed it, and has one at least.
	MaxPageBytes   = 1 << 20
	maxSearchRunes = 200
)

// checker judges fields by the rules and collects their errors.
type checker struct{ fault.FieldErrors }

func (c *checker) checkName(field, name string) {
	c.Add(field, text.NameFault(name, MaxNameRunes))
}

// checkExternalID takes "" for none.
func (c *checker) checkExternalID(id string) {
	if id != "" {
		c.Add(FieldExternalID, text.NameFault(id, MaxExternalIDRunes))
	}
}

func (c *checker) checkDescription(description string) {
	c.Add(FieldDescription, text.Fault(description, MaxDescriptionRunes))
}

func (c *checker) checkImages(urls []string) {
	if c.checkImageCount(len(urls)); len(urls) > MaxImages {
		return
	}
	for i, u := range urls {
		c.Add(fmt.Sprintf("%s[%d]", FieldImages, i), imageurl.Fault(u))
	}
}

// checkPosition is for what is one of no product: the product has its own bound.
func (c *checker) checkPosition(position *int) {
	if position != nil && !c.Has(FieldPosition) {
		c.Add(FieldPosition, positionFault(*position, MaxImages-1))
	}
}

func positionFault(position, last int) string {
	if position < 0 || position > last {
		return fmt.Sprintf("must be an integer from 0 to %d", last)
	}
	return ""
}

func (c *checker) checkAlt(alt string) { c.Add(FieldAlt, text.Fault(alt, MaxAltRunes)) }

func (c *checker) checkPrice(p Price) {
	switch {
	case p < 0:
		c.Add(FieldPrice, ErrPriceNegative.Error())
	case p > MaxPrice:
		c.Add(FieldPrice, ErrPriceRange.Error())
	}
}

func (c *checker) checkID(field string, id int64) {
	if id < 1 || id > MaxID {
		c.Add(field, fmt.Sprintf("must be an integer from 1 to %d", MaxID))
	}
}
