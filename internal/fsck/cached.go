package fsck

import (
	"context"
	"strconv"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// cached compares the revisions of cached products with the database's.
func (c *Checker) cached(ctx context.Context, report *Report) error {
	if c.Cache == nil {
		report.Note("The cache was not checked: there is none, or it lives in the process of the API.")
		return nil
	}
	for after := int64(0); ; {
		page, err := c.Store.Revisions(ctx, after, pageSize)
		if err != nil {
			return err
		}
		report.Checked["products"] += int64(len(page))
		for _, p := range page {
			after = p.ID
			known, err := c.product(ctx, report, p)
			if err != nil {
				return err
			}
			if !known {
				return nil
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// product looks at one cached product, and again at both where they differ:
// they were read one after the other. It returns false where the cache does
// not answer, which is no fault of the data.
func (c *Checker) product(ctx context.Context, report *Report, p ProductRevision) (known bool, err error) {
	for look := 1; ; look++ {
		e, found, err := c.Cache.Get(ctx, catalog.ProductKey(p.ID))
		switch {
		case err != nil:
			report.Note("The cache was not checked to the end: " + err.Error())
			return false, ctx.Err()
		case !found || !c.stale(p, e.Version):
			return true, nil
		case look > 1:
			report.Found(StaleCache, 1, "product "+strconv.FormatInt(p.ID, 10))
			return true, c.refresh(ctx, report, p, e.Version)
		}
		again, err := c.Store.Revisions(ctx, p.ID-1, 1)
		if err != nil || len(again) == 0 || again[0].ID != p.ID { // deleted meanwhile
			return true, err
		}
		p = again[0]
	}
}

// stale reports whether a cached revision cannot be explained: it is newer than
// the database's, which must have been set back, or older although all that
// was cached before the last change has run out.
func (c *Checker) stale(p ProductRevision, cached int64) bool {
	return cached > p.Revision || cached < p.Revision && p.Age > c.cfg.CacheLease
}

// refresh makes the cache drop the product. An entry of the future goes only
// for a revision beyond it, so the product gets one: revisions that clients have
// seen must not come to mean something else.
func (c *Checker) refresh(ctx context.Context, report *Report, p ProductRevision, cached int64) error {
	if !c.cfg.Repair {
		return nil
	}
	changed := catalog.Changed{ProductID: p.ID, UserID: p.UserID, Revision: p.Revision}
	if cached > p.Revision {
		var err error
		if changed, err = c.Store.RaiseRevision(ctx, p.ID, cached); err != nil {
			if fault.KindOf(err) == fault.NotFound {
				return nil
			}
			return err
		}
	}
	c.Announce.Announce(ctx, changed)
	report.Repaired(StaleCache, 1)
	return nil
}
