package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

// ImagePatch is a change of an image that a client asks for: nil leaves a field as it is.
type ImagePatch struct {
	Alt         *string
	Position    *int
	FieldErrors fault.FieldErrors             // as in Draft
	ReadOnly    func(Image) fault.FieldErrors // as in Patch
}

// ChangeImage applies the patch, and returns the product and the image. ErrNoImage; other errors as of AddImage.
func (s *Service) ChangeImage(
	ctx context.Context, by auth.Principal, product, image int64, patch ImagePatch, versions []int64,
) (Product, Image, error) {
	c := checker{patch.FieldErrors}
	if patch.Alt != nil {
		c.checkAlt(*patch.Alt)
	}
	c.checkPosition(patch.Position)
	if err := c.Err(); err != nil {
		return Product{}, Image{}, err
	}
	var position int
	p, err := s.edit(ctx, by, product, versions, func(old Product) (Revision, error) {
		at, err := positionOf(old, image)
		if err != nil {
			return Revision{}, err
		}
		if patch.ReadOnly != nil {
			if err := patch.ReadOnly(old.Images[at]).Err(); err != nil {
				return Revision{}, err
			}
		}
		position = given(patch.Position, at)
		if err := checkPosition(position, len(old.Images)-1); err != nil {
			return Revision{}, err
		}
		r := unchanged(old)
		planned := r.Images[at]
		planned.Alt = given(patch.Alt, planned.Alt)
		r.Images = slices.Insert(slices.Delete(r.Images, at, at+1), position, planned)
		return r.compared(old), nil
	})
	if err != nil {
		return Product{}, Image{}, err
	}
	return p, p.Images[position], nil
}

// RemoveImage removes an image from the product. ErrNoImage, fault.NotFound, fault.Stale.
func (s *Service) RemoveImage(ctx context.Context, by auth.Principal, product, image int64, versions []int64) error {
	_, err := s.edit(ctx, by, product, versions, func(old Product) (Revision, error) {
		at, err := positionOf(old, image)
		if err != nil {
			return Revision{}, err
		}
		r := unchanged(old)
		r.Images = slices.Delete(r.Images, at, at+1)
		return r.compared(old), nil
	})
	return err
}

// RefreshImage has a ready image fetched again: it shows what it does until there is another
// picture. ErrNoImage, fault.Conflict where it is not ready.
func (s *Service) RefreshImage(ctx context.Context, by auth.Principal, product, image int64) error {
	return s.store.RefreshImage(ctx, product, image, by.Reads, requestid.From(ctx))
}

// Image returns the product and an image of it, as the database has them now. ErrNoProduct, ErrNoImage.
func (s *Service) Image(ctx context.Context, by auth.Principal, product, image int64) (Product, Image, error) {
	p, err := s.Product(ctx, by, product)
	if err != nil {
		return Product{}, Image{}, err
	}
	at, err := positionOf(p, image)
	if err != nil {
		return Product{}, Image{}, err
	}
	return p, p.Images[at], nil
}

// Working reports whether there is work on the image, 0 for any image, of the product.
func (s *Service) Working(ctx context.Context, product, image int64) (bool, error) {
	return s.store.Working(ctx, product, image)
}

// NamedUpload returns what the store says of uploads as errors of their fields: images are what
// was sent as product_images.
func NamedUpload(err error, images []string) error {
	unknown, ok := errors.AsType[*UnknownUploadError](err)
	if !ok {
		return err
	}
	var fields fault.FieldErrors
	for i, url := range images {
		if imageurl.Clean(url) == unknown.URL {
			fields.Add(fmt.Sprintf("%s[%d]", FieldImages, i), unknownUpload)
		}
	}
	return fields.Err()
}

func positionOf(p Product, image int64) (int, error) {
	at := slices.IndexFunc(p.Images, func(img Image) bool { return img.ID == image })
	if at < 0 {
		return 0, ErrNoImage
	}
	return at, nil
}

func checkPosition(position, last int) error {
	if reason := positionFault(position, last); reason != "" {
		return fault.InvalidField(FieldPosition, reason)
	}
	return nil
}
