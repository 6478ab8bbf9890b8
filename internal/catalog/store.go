package catalog

import (
	"context"
	"crypto/sha256"
	"time"

	"vitrine.dev/internal/catalog/find"
)

// Source is a picture that a client has sent, whose file was stored.
type Source struct {
	Sum     [sha256.Size]byte
	Bytes   int64
	BegunAt time.Time // by the database's clock, before it was stored
}

// UnknownUploadError is what a Store returns for a new image of an upload that no image of the
// product's user is of. Whether there is such an upload at all it does not say.
type UnknownUploadError struct{ URL string }

func (e *UnknownUploadError) Error() string { return e.URL + " " + unknownUpload }

const unknownUpload = "is of no image of the user: upload the file"

// Store keeps products. Every method is one transaction, safe for concurrent
// use, and returns errors of kind fault.Unavailable where the database cannot
// be reached, beside those that it names.
type Store interface {
	// CreateProduct stores the product at version and revision 1, its images as Pending
	// and due now, and one event, together or not at all. ErrUnknownUser where the user does not exist,
	// ErrExternalIDTaken where another product of the user has the external id, *UnknownUploadError.
	CreateProduct(ctx context.Context, n NewProduct) (Product, error)
	// CreateProductOnce is CreateProduct under a key of the user, which is
	// stored with the product and lives for once.TTL. Where the key lives
	// already, nothing is stored and what it created is returned. Of any number
	// of calls at once under one key, one creates and the others wait for it.
	CreateProductOnce(ctx context.Context, n NewProduct, once Once) (Product, *Earlier, error)
	// EarlierUse returns what was done under the key of the user, nil where it does not live.
	EarlierUse(ctx context.Context, user int64, key string) (*Earlier, error)
	// Product returns the product with its images. fault.NotFound.
	Product(ctx context.Context, id int64) (Product, error)
	// ReviseProduct writes the revision that revise makes of the product: images not in
	// the plan are removed, new ones are stored as Pending with their work, and the
	// change is recorded; images of Retry that have failed start over, which is progress and no
	// edit. It returns the product as it is then. A revision that changes nothing is not
	// written. Calls at once are applied one
	// after the other, each to what the one before it left: three times without
	// a lock, since most products have one editor, then with the product
	// locked, so that every other change of it waits. revise is called with each
	// version that it meets; it must depend on that only, and not use the store.
	// An error of it is returned as it is. Of a revision with a key the key is stored with it, as
	// of CreateProductOnce. fault.NotFound, ErrExternalIDTaken,
	// *UnknownUploadError; ErrKeyTaken where the key lives.
	ReviseProduct(ctx context.Context, id int64, revise func(Product) (Revision, error)) (Product, error)
	// RefreshImage has a Ready image of the product, whose user is allowed, fetched again; it
	// goes on showing its picture meanwhile. Where it is worked on already nothing changes.
	// ErrNoImage; fault.Conflict where it is not Ready.
	RefreshImage(ctx context.Context, product, image int64, allowed func(user int64) bool, requestID string) error
	// Working reports whether there is work on the image, 0 for any image, of the product.
	Working(ctx context.Context, product, image int64) (bool, error)
	// DeleteProduct removes the product and its images, and records Changed,
	// which it returns, at revision cache.Gone. check is called with the product's user and
	// version while it is locked; an error of it is returned as it is. fault.NotFound.
	DeleteProduct(ctx context.Context, id int64, check func(user, version int64) error) (Changed, error)
	// ListProducts returns at most f.Limit products, in the order of f. Where
	// f.MaxBytes is not 0 it ends with the first product whose Bytes, together
	// with those before it, are more: what comes after that is not read into memory. Where it has not looked
	// at all products, for many of them are not what f selects, stopped is how far it has: the list goes on behind it.
	ListProducts(ctx context.Context, f Filter) (list []Summary, stopped find.Position, err error)
	// ByExternalID returns the id of the user's product that has the external id. fault.NotFound.
	ByExternalID(ctx context.Context, user int64, externalID string) (int64, error)
	// CountProducts returns how many products f selects, without regard to f.After, f.Limit and
	// f.MaxBytes. Estimated allows a guess where there are many.
	CountProducts(ctx context.Context, f Filter, estimated bool) (int64, error)
	// UserExists reports whether there is such a user, who is not being erased.
	UserExists(ctx context.Context, id int64) (bool, error)
}

// Keys is what the expiry of idempotency keys needs of the store.
type Keys interface {
	// ExpireKeys removes at most limit expired idempotency keys and
	// returns how many. Any number may run at once. fault.Unavailable.
	ExpireKeys(ctx context.Context, limit int) (int, error)
}

// NewProduct is a checked Draft on its way into the store.
type NewProduct struct {
	UserID      int64
	Name        string
	Description string
	Images      []string
	Price       Price
	ExternalID  string // "": none
	Metadata    Metadata
	Alts        []string // of the first Images; only in batches, else nil
	RequestID   string   // travels with the image jobs into the worker's log
}

// OptimisticTries is how often a Store tries ReviseProduct without a lock. Of more
// than a few changes at once most fail, so that the next try takes a lock
// instead.
const OptimisticTries = 3
