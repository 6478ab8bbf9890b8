package catalog_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

// calls is a cache that keeps the invalidations it is asked for.
type calls struct {
	*catalogfake.Cache

	mu   sync.Mutex
	list []string
	err  error
}

func (c *calls) Invalidate(_ context.Context, key string, version int64) error {
	return c.note(fmt.Sprintf("%s at %d", key, version))
}

func (c *calls) Bump(_ context.Context, group string) error { return c.note(group) }

func (c *calls) BumpApart(_ context.Context, group string, _ time.Duration) (time.Duration, error) {
	return 0, c.note(group)
}

func (c *calls) note(call string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, call)
	return c.err
}

// take returns the calls since the last time, sorted.
func (c *calls) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.list
	c.list = nil
	slices.Sort(list)
	return list
}

func TestRepeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testRepeat) // at one moment: no bump is delayed, which a crash would lose
}

func testRepeat(t *testing.T) {
	t.Helper()
	c := &calls{Cache: catalogfake.NewCache()}
	views := catalog.NewViews(c, catalog.FixedEpoch("e"), slog.New(slog.DiscardHandler))
	now := time.UnixMilli(1_800_000_000_000)
	event := func(what events.Type, product, user, revision int64, age time.Duration) events.Event {
		return events.Event{Type: what, ProductID: product, UserID: user, Revision: revision, OccurredAt: now.Add(-age)}
	}
	old, life := event(events.ProductUpdated, 9, 9, 9, cache.FenceLife+1), cache.FenceLife
	repair := event(events.ProductUpdated, 5, 3, 8, life)
	repair.Data.Cause = events.CauseRepair
	list := []events.Event{
		old, old,
		event(events.ProductCreated, 1, 1, 1, life), event(events.ImageReady, 1, 1, 2, 0), event(events.ProductUpdated, 1, 1, 3, 0),
		event(events.ImageReady, 1, 1, 4, 0), event(events.ProductCreated, 2, 1, 1, 0), event(events.ImageFailed, 3, 2, 7, 0),
		repair, event(events.ProductUpdated, 4, 4, 2, 0), event(events.ProductDeleted, 4, 4, 3, 0),
		event("product.painted", 6, 5, 2, 0), // of a later version of the program
	}
	done, err := views.Repeat(t.Context(), events.Page{Events: list, Now: now})
	if done != len(list) || err != nil {
		t.Errorf("%d done, %v", done, err)
	}
	products := []string{
		"product:e:1 at 4", "product:e:3 at 7", // 2 is at its first revision
		fmt.Sprintf("product:e:4 at %d", cache.Gone), "product:e:5 at 8", "product:e:6 at 2",
	}
	const users = 5
	want := append([]string{"lists:e:1", "lists:e:2", "lists:e:3", "lists:e:4", "lists:e:5"}, products...)
	if got := c.take(); !slices.Equal(got, want) {
		t.Errorf("invalidated %q, want %q", got, want)
	}

	c.err = fault.New(fault.Unavailable, "Redis is down")
	done, err = views.Repeat(t.Context(), events.Page{Events: list, Now: now})
	if done != 2 || fault.KindOf(err) != fault.Unavailable || len(c.take()) != len(products)+users {
		t.Errorf("%d done, %v: what has expired is done, the rest is not, and each was called", done, err)
	}
	done, err = views.Repeat(t.Context(), events.Page{Events: list, Now: now.Add(life + 1)})
	if done != len(list) || err != nil || len(c.take()) != 0 {
		t.Errorf("%d of %d done that have all expired, %v", done, len(list), err)
	}
}
