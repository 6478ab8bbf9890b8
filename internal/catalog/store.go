package catalog

import "context"

// Store keeps products. Every method is one transaction, safe for concurrent
// use, and returns errors of kind fault.Unavailable where the database cannot
// be reached, beside those that it names.
type Store interface {
	// CreateProduct stores the product at version and revision 1, its images as Pending,
	// and for each image one message in the outbox (and one Changed), together
	// or not at all. ErrUnknownUser where the user does not exist.
	CreateProduct(ctx context.Context, n NewProduct) (Product, error)
	// CreateProductOnce is CreateProduct under a key of the user, which is
	// stored with the product and lives for once.TTL. Where the key lives
	// already, nothing is stored and what it created is returned. Of any number
	// of calls at once under one key, one creates and the others wait for it.
	CreateProductOnce(ctx context.Context, n NewProduct, once Once) (Product, *Earlier, error)
	// Product returns the product with its images. fault.NotFound.
	Product(ctx context.Context, id int64) (Product, error)
	// ReviseProduct applies the revision where the product is still at
	// FromVersion: images not in the plan are removed, new ones are stored as
	// Pending with their outbox message, and Changed is recorded. It returns
	// the product as it is then. fault.NotFound; fault.Stale where the version
	// is another one.
	ReviseProduct(ctx context.Context, r Revision) (Product, error)
	// EditProduct locks the product, so that every other change of it waits,
	// and applies the revision that edit makes of it as ReviseProduct does:
	// calls at once are applied one after the other, each to what the one
	// before it left. Where edit returns false nothing is written. It returns
	// the product as it is then. edit must depend on the product only, and not
	// use the store: it is called again where the database breaks the
	// transaction off. fault.NotFound.
	EditProduct(ctx context.Context, id int64, edit func(Product) (Revision, bool)) (Product, error)
	// DeleteProduct removes the product and its images, and records Changed,
	// which it returns, at revision cache.Gone. Where versions is not nil the product must be at one
	// of them. fault.NotFound, fault.Stale.
	DeleteProduct(ctx context.Context, id int64, versions []int64) (Changed, error)
	// ListProducts returns at most f.Limit products, by descending id. Where
	// f.MaxBytes is not 0 it ends with the first product whose name and
	// description, together with those before it, have more bytes: what comes
	// after that is not read into memory.
	ListProducts(ctx context.Context, f Filter) ([]Summary, error)
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
	RequestID   string // travels with the image jobs into the worker's log
}

// Revision is a checked Patch applied to the version that it was read at.
type Revision struct {
	ProductID   int64
	UserID      int64
	FromVersion int64
	Name        string
	Description string
	Price       Price
	Images      []PlannedImage // in order
	Fields      []string       // that differ, as clients write them
	RequestID   string
}

// PlannedImage is an image that a product shall have.
type PlannedImage struct {
	ID        int64 // of the image that stays; 0 for a new one
	SourceURL string
}
