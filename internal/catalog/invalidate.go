package catalog

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/events"
)

// CacheReader is the name of the durable reader that repeats invalidations.
const CacheReader = "cache"

// invalidationsAtOnce bounds the calls of the cache that wait at the same time.
const invalidationsAtOnce = 16

// Repeat is an events.Handler: it invalidates what the events made old, as
// the writers did that lived to do so after their commits. Of a product the newest
// counts. Events older than cache.FenceLife are done: what was cached before
// them has expired, so that nothing piles up while the cache is unavailable.
func (v *Views) Repeat(ctx context.Context, page events.Page) (done int, err error) {
	for done < len(page.Events) && expired(page.Events[done], page.Now) {
		done++
	}
	var group errgroup.Group
	group.SetLimit(invalidationsAtOnce)
	for _, c := range newest(page.Events[done:]) {
		group.Go(func() error { return v.Invalidate(ctx, c) })
	}
	if err := group.Wait(); err != nil {
		return done, err //nolint:wrapcheck // it is Invalidate's
	}
	return len(page.Events), nil
}

func expired(e events.Event, now time.Time) bool { return now.Sub(e.OccurredAt) > cache.FenceLife }

// newest returns one change for each product of the events. The lists of a user
// are bumped once, with one of them.
func newest(list []events.Event) []Changed {
	at, edited := make(map[int64]int, len(list)), make(map[int64]int)
	var changes []Changed
	for _, e := range list {
		c := ChangedBy(e)
		i, known := at[c.ProductID]
		if !known {
			i = len(changes)
			at[c.ProductID] = i
			changes = append(changes, Changed{})
		}
		if c.Edit {
			edited[c.UserID] = i
		}
		if c.Revision >= changes[i].Revision {
			c.Edit = false
			changes[i] = c
		}
	}
	for _, i := range edited {
		changes[i].Edit = true
	}
	return changes
}

// ChangedBy returns the change that an event is of.
func ChangedBy(e events.Event) Changed {
	c := Changed{ProductID: e.ProductID, UserID: e.UserID, Revision: e.Revision, Version: e.Version}
	switch e.Type {
	case events.ProductCreated, events.ProductUpdated:
		c.Edit = e.Data.Cause == ""
	case events.ProductDeleted:
		c.Edit, c.Revision = true, cache.Gone
	default: // the progress of an image
	}
	return c
}
