package catalog

import "context"

// Store keeps products. Every method is one transaction, safe for concurrent
// use, and returns errors of kind fault.Unavailable where the database cannot
// be reached, beside those that it names.
type Store interface {
	// CreateProduct stores the product at version and revision 1, its images as Pending
	// and due now, and one event, together or not at all. ErrUnknownUser where the user does not exist,
	// ErrExternalIDTaken where another product of the user has the external id.
	CreateProduct(ctx context.Context, n NewProduct) (Product, error)
	// CreateProductOnce is CreateProduct under a key of the user, which is
	// stored with the product and lives for once.TTL. Where the key lives
	// already, nothing is stored and what it created is returned. Of any number
	// of calls at once under one key, one creates and the others wait for it.
	CreateProductOnce(ctx context.Context, n NewProduct, once Once) (Product, *Earlier, error)
	// Product returns the product with its images. fault.NotFound.
	Product(ctx context.Context, id int64) (Product, error)
	// ReviseProduct writes the revision that revise makes of the product: images not in
	// the plan are removed, new ones are stored as Pending with their work, and the
	// change is recorded. It returns the product as it is then. Where the
	// revision names no field nothing is written. Calls at once are applied one
	// after the other, each to what the one before it left: three times without
	// a lock, since most products have one editor, then with the product
	// locked, so that every other change of it waits. revise is called with each
	// version that it meets; it must depend on that only, and not use the store.
	// An error of it is returned as it is. fault.NotFound, ErrExternalIDTaken.
	ReviseProduct(ctx context.Context, id int64, revise func(Product) (Revision, error)) (Product, error)
	// DeleteProduct removes the product and its images, and records Changed,
	// which it returns, at revision cache.Gone. check is called with the product's user and
	// version while it is locked; an error of it is returned as it is. fault.NotFound.
	DeleteProduct(ctx context.Context, id int64, check func(user, version int64) error) (Changed, error)
	// ListProducts returns at most f.Limit products, in the order of f. Where
	// f.MaxBytes is not 0 it ends with the first product whose Bytes, together
	// with those before it, are more: what comes after that is not read into memory.
	ListProducts(ctx context.Context, f Filter) ([]Summary, error)
	// CountProducts returns how many products f selects, without regard to f.After, f.Limit and
	// f.MaxBytes. Estimated allows a guess where there are many.
	CountProducts(ctx context.Context, f Filter, estimated bool) (int64, error)
	// UserExists reports whether there is such a user.
	UserExists(ctx context.Context, id int64) (bool, error)
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
	RequestID   string // travels with the image jobs into the worker's log
}

// OptimisticTries is how often a Store tries ReviseProduct without a lock. Of more
// than a few changes at once most fail, so that the next try takes a lock
// instead.
const OptimisticTries = 3

// Revision is a checked Patch applied to a product.
type Revision struct {
	Name        string
	Description string
	Price       Price
	ExternalID  string
	Metadata    Metadata
	Images      []PlannedImage // in order
	Fields      []string       // that differ, as clients write them
	RequestID   string
}

// PlannedImage is an image that a product shall have.
type PlannedImage struct {
	ID        int64 // of the image that stays; 0 for a new one
	SourceURL string
}
