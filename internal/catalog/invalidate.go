package catalog

import (
	"context"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/events"
)

// CacheReader is the name of the durable reader that repeats invalidations.
const CacheReader = "cache"

// invalidationsAtOnce bounds the calls of the cache that wait at the same time.
const invalidationsAtOnce = 16

// RepeatPace is how often Repeat is called at most, but for a backlog: it bumps
// lists at each call. It comes before those who wait for the interval, so that there is one
// bump of both.
const RepeatPace = progressInterval * 9 / 10

// Repeat is an events.Handler: it invalidates what the events made old, as
// the writers did that lived to do so after their commits. Of a product the newest
// counts, and the lists of a user are bumped once. Events older than
// cache.FenceLife are done: what was cached before them has expired, so that
// nothing piles up while the cache is unavailable.
func (v *Views) Repeat(ctx context.Context, page events.Page) (done int, err error) {
	for done < len(page.Events) && expired(page.Events[done], page.Now) {
		done++
	}
	if done == len(page.Events) {
		return done, nil
	}
	epoch, _ := v.epoch(ctx)
	if epoch == "" {
		return done, errEpochUnknown()
	}
	var changed []Changed
	for _, e := range page.Events[done:] {
		if e.ProductID == 0 { // nothing that is cached shows it
			continue
		}
		c := ChangedBy(e)
		c.Edit = true // lists show it at once: the writer's bump may be missing
		changed = append(changed, c)
	}
	if err := v.invalidate(ctx, epoch, changed); err != nil {
		return done, err
	}
	return len(page.Events), nil
}

func expired(e events.Event, now time.Time) bool { return now.Sub(e.OccurredAt) > cache.FenceLife }

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
