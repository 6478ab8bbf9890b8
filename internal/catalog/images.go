package catalog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

// NewImage is an image that a client adds to a product.
type NewImage struct {
	SourceURL   string
	Alt         string
	Position    *int              // from 0; nil: after all others
	FieldErrors fault.FieldErrors // as in Draft
	once        *Once
}

// ImagePatch is a change of an image that a client asks for: nil leaves a field as it is.
type ImagePatch struct {
	Alt         *string
	Position    *int
	FieldErrors fault.FieldErrors             // as in Draft
	ReadOnly    func(Image) fault.FieldErrors // as in Patch
}

// AddImage adds an image to the product, and returns the product and
// the image. fault.Invalid, also where the product has MaxImages already, fault.NotFound, fault.Stale.
func (s *Service) AddImage(
	ctx context.Context, by auth.Principal, product int64, n NewImage, versions []int64,
) (Product, Image, error) {
	c := checker{n.FieldErrors}
	c.Add(FieldSourceURL, imageurl.Fault(n.SourceURL))
	c.checkAlt(n.Alt)
	if err := c.Err(); err != nil {
		return Product{}, Image{}, err
	}
	var position int
	p, err := s.edit(ctx, by, product, versions, func(old Product) (Revision, error) {
		if position = len(old.Images); position >= MaxImages {
			return Revision{}, fault.InvalidField(FieldSourceURL, fmt.Sprintf("cannot be added: the product has %d images, which is the most", MaxImages))
		}
		if n.Position != nil {
			position = *n.Position
		}
		if err := checkPosition(position, len(old.Images)); err != nil {
			return Revision{}, err
		}
		r := unchanged(old)
		r.Images = slices.Insert(r.Images, position, PlannedImage{SourceURL: imageurl.Clean(n.SourceURL), Alt: n.Alt})
		r.Once = n.once
		return r.compared(old), nil
	})
	if err != nil {
		return Product{}, Image{}, err
	}
	return p, p.Images[position], nil
}

// AddImageOnce is AddImage under an idempotency key of the product's user, as CreateOnce is
// Create: the same image again returns the one that was added first, as it is now, whatever
// version the product is at, and what was asked for under the key otherwise returns
// ErrKeyReused. ErrNoImage where that image has been removed since.
func (s *Service) AddImageOnce(
	ctx context.Context, by auth.Principal, product int64, n NewImage, versions []int64, key string,
) (p Product, img Image, replayed bool, err error) {
	if !ValidKey(key) {
		return Product{}, Image{}, false, errInvalidKey
	}
	if p, err = s.Product(ctx, by, product); err == nil && !by.Owns(p.UserID) {
		err = ErrNoProduct
	}
	if err != nil {
		return Product{}, Image{}, false, err
	}
	n.once = &Once{Key: key, Fingerprint: n.fingerprint(product), TTL: s.keyTTL}
	for range keyTries {
		earlier, err := s.store.EarlierUse(ctx, p.UserID, key)
		if err != nil {
			return Product{}, Image{}, false, err
		}
		if earlier != nil {
			p, img, err := s.addedEarlier(ctx, by, product, *earlier, n.once.Fingerprint)
			return p, img, true, err
		}
		if p, img, err := s.AddImage(ctx, by, product, n, versions); !errors.Is(err, ErrKeyTaken) {
			return p, img, false, err
		}
	}
	return Product{}, Image{}, false, fault.New(fault.Unavailable, "the key is in use; try again")
}

// keyTries is how often a key is looked up that others take and lose meanwhile.
const keyTries = 3

// addedEarlier returns the image that was added under a key before.
func (s *Service) addedEarlier(
	ctx context.Context, by auth.Principal, product int64, earlier Earlier, fingerprint [sha256.Size]byte,
) (Product, Image, error) {
	if earlier.Fingerprint != fingerprint {
		return Product{}, Image{}, ErrKeyReused
	}
	p, err := s.Product(ctx, by, product)
	if err != nil {
		return Product{}, Image{}, err
	}
	at, err := positionOf(p, earlier.ImageID)
	if err != nil {
		return Product{}, Image{}, err
	}
	s.changed(ctx, p.Edited()) // as CreateOnce does
	return p, p.Images[at], nil
}

// fingerprint is equal for images that are added alike, however they were spelled.
func (n NewImage) fingerprint(product int64) [sha256.Size]byte {
	f := newFingerprint("image/1")
	f.number(product)
	f.text(imageurl.Clean(n.SourceURL))
	f.text(n.Alt)
	f.number(int64(given(n.Position, -1)))
	return f.sum()
}

// ChangeImage applies the patch, and returns the product and the image. ErrNoImage; other errors as of AddImage.
func (s *Service) ChangeImage(
	ctx context.Context, by auth.Principal, product, image int64, patch ImagePatch, versions []int64,
) (Product, Image, error) {
	c := checker{patch.FieldErrors}
	if patch.Alt != nil {
		c.checkAlt(*patch.Alt)
	}
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

func positionOf(p Product, image int64) (int, error) {
	at := slices.IndexFunc(p.Images, func(img Image) bool { return img.ID == image })
	if at < 0 {
		return 0, ErrNoImage
	}
	return at, nil
}

func checkPosition(position, last int) error {
	if position < 0 || position > last {
		return fault.InvalidField(FieldPosition, fmt.Sprintf("must be an integer from 0 to %d", last))
	}
	return nil
}
