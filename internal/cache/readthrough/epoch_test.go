package readthrough_test

import (
	"context"
	"log/slog"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// TestNothingOlderOnceTheEpochIsUsable: what was served past the cache, in a process that
// did not know the epoch yet or may not cache under it yet, is not followed by
// what the engine still holds.
func TestNothingOlderOnceTheEpochIsUsable(t *testing.T) {
	t.Parallel()
	type answer struct {
		epoch  string
		usable bool
	}
	gone := fault.New(fault.NotFound, "there is no such product")
	for name, c := range map[string]struct {
		first []answer // of the epoch; then it is usable
		err   error    // of the database, which has revision 9 where there is none
	}{
		"not known at first":        {first: []answer{{}}},
		"not usable at first":       {first: []answer{{"e", false}, {"e", false}}},
		"gone, not known at first":  {first: []answer{{}}, err: gone},
		"gone, not usable at first": {first: []answer{{"e", false}, {"e", false}}, err: gone},
	} {
		held := newEngine()
		read := func(views *catalog.Views, revision int64, err error) (int64, error) {
			v, err := views.Product(t.Context(), auth.Everyone(), 1, "tag", func(context.Context) (catalog.View, error) {
				return catalog.View{UserID: 1, Version: 1, Revision: revision}, err
			})
			return v.Revision, err
		}
		process := func(epoch catalog.Epoch) *catalog.Views {
			c, err := readthrough.New(held, readthrough.DefaultConfig(), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			return catalog.NewViews(c, epoch, slog.New(slog.DiscardHandler))
		}
		if _, err := read(process(catalog.FixedEpoch("e")), 8, nil); err != nil {
			t.Fatal(err)
		}
		cachetest.Until(t, "the engine holds revision 8", func() bool {
			_, found, err := held.Get(t.Context(), catalog.ProductKey("e", 1))
			return found && err == nil
		})
		views := process(func(context.Context) (string, bool) {
			if len(c.first) == 0 {
				return "e", true
			}
			a := c.first[0]
			c.first = c.first[1:]
			return a.epoch, a.usable
		})
		for range 3 {
			if revision, err := read(views, 9, c.err); c.err == nil && revision != 9 || fault.KindOf(err) != fault.KindOf(c.err) {
				t.Errorf("%s: read revision %d, %v", name, revision, err)
			}
		}
	}
}
