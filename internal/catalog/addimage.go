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
)

// NewImage is an image that a client adds to a product.
type NewImage struct {
	SourceURL   string
	Stored      *Source // in place of the URL: the picture itself was sent
	Alt         string
	Position    *int              // from 0; nil: after all others
	FieldErrors fault.FieldErrors // as in Draft
	once        *Once
}

// AddImage adds an image to the product, and returns the product and
// the image. fault.Invalid, also where the product has MaxImages already, fault.NotFound, fault.Stale.
func (s *Service) AddImage(
	ctx context.Context, by auth.Principal, product int64, n NewImage, versions []int64,
) (Product, Image, error) {
	if err := n.Check(); err != nil {
		return Product{}, Image{}, err
	}
	var position int
	p, err := s.edit(ctx, by, product, versions, func(old Product) (Revision, error) {
		if err := checkRoom(old, n.field()); err != nil {
			return Revision{}, err
		}
		position = len(old.Images)
		if n.Position != nil {
			position = *n.Position
		}
		if err := checkPosition(position, len(old.Images)); err != nil {
			return Revision{}, err
		}
		r := unchanged(old)
		r.Images = slices.Insert(r.Images, position, PlannedImage{SourceURL: n.url(), Alt: n.Alt, Stored: n.Stored})
		r.Once = n.once
		return r.compared(old), nil
	})
	if _, unknown := errors.AsType[*UnknownUploadError](err); unknown {
		err = fault.InvalidField(FieldSourceURL, unknownUpload)
	}
	if err != nil {
		return Product{}, Image{}, err
	}
	return p, p.Images[position], nil
}

// CheckRoom says what AddImage, or AddImageOnce where there is a key, would say of the product,
// before a picture is sent, which may be long. fault.Invalid, fault.NotFound, fault.Stale.
func (s *Service) CheckRoom(ctx context.Context, by auth.Principal, product int64, versions []int64, key string) error {
	p, err := s.store.Product(ctx, product)
	if err == nil {
		err = allowed(by, nil, p.UserID, p.Version)
	}
	if err != nil {
		return err
	}
	if key != "" {
		// The image that was added under the key before is the answer whatever the product is now.
		if earlier, err := s.store.EarlierUse(ctx, p.UserID, key); earlier != nil || err != nil {
			return err
		}
	}
	if err := allowed(by, versions, p.UserID, p.Version); err != nil {
		return err
	}
	return checkRoom(p, FieldFile)
}

// Check says what is wrong with the image by itself.
func (n NewImage) Check() error {
	c := checker{n.FieldErrors}
	if n.Stored == nil {
		c.Add(FieldSourceURL, imageurl.Fault(n.SourceURL))
	}
	c.checkAlt(n.Alt)
	c.checkPosition(n.Position)
	return c.Err()
}

// url is what the image is of.
func (n NewImage) url() string {
	if n.Stored != nil {
		return imageurl.Upload(n.Stored.Sum)
	}
	return imageurl.Clean(n.SourceURL)
}

// field is where the picture is.
func (n NewImage) field() string {
	if n.Stored != nil {
		return FieldFile
	}
	return FieldSourceURL
}

func checkRoom(p Product, field string) error {
	if len(p.Images) >= MaxImages {
		return fault.InvalidField(field, fmt.Sprintf("cannot be added: the product has %d images, which is the most", MaxImages))
	}
	return nil
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
	f.text(n.url())
	f.text(n.Alt)
	f.number(int64(given(n.Position, -1)))
	return f.sum()
}
