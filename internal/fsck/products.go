package fsck

import (
	"context"
	"strconv"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// products compares what products say of their images with the images, and the
// revisions of cached products with the database's.
func (c *Checker) products(ctx context.Context, report *Report) error {
	cached := c.Cache != nil
	if !cached {
		report.Skip("The cache was not checked: there is none, or it lives in the process of the API.", StaleCache)
	}
	for after := int64(0); ; {
		page, err := c.Store.Revisions(ctx, after, pageSize)
		if err != nil {
			return err
		}
		report.Checked["products"] += int64(len(page))
		for _, p := range page {
			after = p.ID
			if err := c.counts(ctx, report, p); err != nil {
				return err
			}
			if cached {
				if cached, err = c.cached(ctx, report, p); err != nil {
					return err
				}
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// counts looks at what the product says of its images. Both were read at once,
// so a difference is none of time.
func (c *Checker) counts(ctx context.Context, report *Report, p ProductRevision) error {
	if !p.Miscount {
		return nil
	}
	report.Found(WrongCounts, 1, nameOf(p))
	if !c.cfg.Repair {
		return nil
	}
	if err := c.raise(ctx, p, p.Revision); err != nil {
		return err
	}
	report.Repaired(WrongCounts, 1)
	return nil
}

// cached looks at one cached product, and again at both where they differ:
// they were read one after the other. It returns false where the cache does
// not answer, which is no fault of the data.
func (c *Checker) cached(ctx context.Context, report *Report, p ProductRevision) (known bool, err error) {
	for look := 1; ; look++ {
		e, found, err := c.Cache.Get(ctx, catalog.ProductKey(c.cfg.Epoch, p.ID))
		switch {
		case err != nil:
			report.Skip("The cache was not checked to the end: "+err.Error(), StaleCache)
			return false, ctx.Err()
		case !found || !c.stale(p, e.Version):
			return true, nil
		case look > 1:
			report.Found(StaleCache, 1, nameOf(p))
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
	if cached > p.Revision {
		if err := c.raise(ctx, p, cached); err != nil {
			return err
		}
	} else {
		c.Announce.Announce(ctx, catalog.Changed{ProductID: p.ID, UserID: p.UserID, Revision: p.Revision})
	}
	report.Repaired(StaleCache, 1)
	return nil
}

// raise has the product written again, at a revision above the one given. One
// that was deleted meanwhile needs no repair.
func (c *Checker) raise(ctx context.Context, p ProductRevision, revision int64) error {
	changed, err := c.Store.RaiseRevision(ctx, p.ID, revision)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil
	case err != nil:
		return err
	}
	c.Announce.Announce(ctx, changed)
	return nil
}

func nameOf(p ProductRevision) string { return "product " + strconv.FormatInt(p.ID, 10) }
