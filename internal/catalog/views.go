package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/failpoint"
)

// ViewCache is the read-through cache that Views need; cache/readthrough is
// its implementation. Load functions are called where the cache has no usable
// entry; their errors are returned as they are and never cached.
type ViewCache interface {
	Load(ctx context.Context, key string, load LoadFunc) (cache.Entry, error)
	LoadIn(ctx context.Context, group, key string, load LoadFunc) (cache.Entry, error)
	Invalidate(ctx context.Context, key string, version int64) error
	Bump(ctx context.Context, group string) error
}

// LoadFunc makes an entry from the database.
type LoadFunc = func(ctx context.Context) (cache.Entry, error)

// Views are the encoded answers to reads, kept fresh by announcements.
type Views struct {
	cache ViewCache
	log   *slog.Logger
}

// NewViews returns the views in the cache.
func NewViews(c ViewCache, log *slog.Logger) *Views { return &Views{cache: c, log: log} }

// Product returns the encoded product, from the cache or from load.
func (v *Views) Product(ctx context.Context, id int64, load LoadFunc) (cache.Entry, error) {
	return v.cache.Load(ctx, ProductKey(id), load)
}

// List returns the encoded page that the filter selects. fault.Invalid: a
// filter at fault must not find the page of one that reads the same without.
func (v *Views) List(ctx context.Context, f Filter, load LoadFunc) (cache.Entry, error) {
	if err := f.check(); err != nil {
		return cache.Entry{}, err
	}
	return v.cache.LoadIn(ctx, listGroup(f.UserID), f.fingerprint(), load)
}

// Announce makes the cache forget what the change made old.
func (v *Views) Announce(ctx context.Context, c Changed) {
	if err := v.Invalidate(ctx, c); err != nil {
		v.log.WarnContext(ctx, "invalidation postponed to the outbox",
			"product", c.ProductID, "version", c.Version, "error", err)
	}
}

// Invalidate is Announce for a caller that repeats it until it succeeds.
func (v *Views) Invalidate(ctx context.Context, c Changed) error {
	if failpoint.Defect(failpoint.NoInvalidation) {
		return nil
	}
	// Each is told whatever became of the others: also a call that fails has
	// this process take care not to use what is old.
	var errs []error
	if err := v.cache.Invalidate(ctx, ProductKey(c.ProductID), c.Version); err != nil {
		errs = append(errs, fmt.Errorf("invalidate product %d: %w", c.ProductID, err))
	}
	if !c.Listed {
		return errors.Join(errs...)
	}
	for _, group := range []string{listGroup(c.UserID), listGroup(0)} {
		if err := v.cache.Bump(ctx, group); err != nil {
			errs = append(errs, fmt.Errorf("bump %s: %w", group, err))
		}
	}
	return errors.Join(errs...)
}

// ProductKey is where the cache holds the product.
func ProductKey(id int64) string { return "product:" + strconv.FormatInt(id, 10) }

// listGroup holds the lists of one user, or those over all users for 0.
func listGroup(userID int64) string { return "lists:" + strconv.FormatInt(userID, 10) }

// fingerprint is equal for filters that select the same page.
func (f Filter) fingerprint() string {
	bound := func(p *Price) string {
		if p == nil {
			return "-"
		}
		return p.String()
	}
	text := fmt.Sprintf("%d|%s|%s|%d|%d|%s", f.UserID, bound(f.PriceMin), bound(f.PriceMax), f.Before, f.Limit, Fold(f.Name))
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
