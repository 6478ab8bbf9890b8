package storetest

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/feed"
)

// feedReader is a way to read a feed from the position on, until ctx is done.
type feedReader struct {
	name string
	by   auth.Principal
	read func(ctx context.Context, f *feed.Feed, q feed.Query, take func([]events.Event)) error
}

// testFeedBesideWriters: whoever reads, in whatever way, gets each event once, and those of a
// product in the order of its changes.
func testFeedBesideWriters(t *testing.T, s Store) {
	t.Helper()
	f, other := runFeed(t, s), MoreUsers()[0]
	shared := []catalog.Product{lampFor(t, s, user), lampFor(t, s, other), lampFor(t, s, user)}
	start, err := f.Page(t.Context(), feed.Query{By: auth.Everyone(), After: feed.Latest})
	if err != nil {
		t.Fatal(err)
	}
	readers := []feedReader{
		{"a stream", of(user), readStream},
		{"a stream of all", auth.Everyone(), readStream},
		{"streams that break off", of(other), readStreams},
		{"streams of all that break off", auth.Everyone(), readStreams},
		{"pages", of(user), readPages},
		{"pages of all", auth.Everyone(), readPages},
	}
	var mu sync.Mutex
	got := make([][]events.Event, len(readers))
	ctx, stop := context.WithCancel(t.Context())
	var reading sync.WaitGroup
	for i, r := range readers {
		reading.Go(func() {
			err := r.read(ctx, f, feed.Query{By: r.by, After: start.Next.String()}, func(list []events.Event) {
				mu.Lock()
				defer mu.Unlock()
				got[i] = append(got[i], list...)
			})
			if err != nil && ctx.Err() == nil {
				t.Errorf("%s: %v", r.name, err)
			}
		})
	}
	writeBesideFeed(t, s, shared)
	all, err := s.Read(t.Context(), start.Next.Position, 1<<40, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range readers {
		selected := events.Selection{User: r.by.Actor(), Types: events.Types()}
		var want []events.Event
		for _, e := range all.Events {
			if selected.Has(e) {
				want = append(want, e)
			}
		}
		until(t, r.name+" has all", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(got[i]) >= len(want)
		})
		mu.Lock()
		compareFeed(t, r.name, got[i], want)
		mu.Unlock()
	}
	stop()
	reading.Wait()
}

// writeBesideFeed changes the products from many sides at once; some changes are refused.
func writeBesideFeed(t *testing.T, s Store, shared []catalog.Product) {
	t.Helper()
	service := catalog.NewService(s, &announced{}, catalog.DefaultKeyTTL)
	atOnce(func(i int) {
		for n := range 12 {
			text, versions := fmt.Sprintf("%d by %d", n, i), []int64(nil)
			if n%4 == 3 {
				versions = []int64{1 << 40}
			}
			err := whileUnavailable(func() error {
				_, err := service.Change(t.Context(), auth.Everyone(), shared[(i+n)%len(shared)].ID, catalog.Patch{Description: &text}, versions)
				return err
			})
			if err != nil && (versions == nil || fault.KindOf(err) != fault.Stale) {
				t.Error(err)
			}
		}
	})
}

// compareFeed compares what a reader got with what it should have.
func compareFeed(t *testing.T, name string, got, want []events.Event) {
	t.Helper()
	if len(want) < editors || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %d events, want %d, or they differ", name, len(got), len(want))
	}
	revisions := map[int64]int64{}
	for _, e := range got {
		if before := revisions[e.ProductID]; before != 0 && e.Revision != before+1 {
			t.Errorf("%s: product %d is at revision %d after %d", name, e.ProductID, e.Revision, before)
		}
		revisions[e.ProductID] = e.Revision
	}
}

func readStream(ctx context.Context, f *feed.Feed, q feed.Query, take func([]events.Event)) error {
	s, err := f.Open(ctx, q)
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		list, err := s.Next(ctx)
		if err != nil {
			return err
		}
		take(list)
	}
}

// readStreams opens another stream after each batch, with the id of its last event.
func readStreams(ctx context.Context, f *feed.Feed, q feed.Query, take func([]events.Event)) error {
	for {
		s, err := f.Open(ctx, q)
		if err != nil {
			return err
		}
		list, err := s.Next(ctx)
		s.Close()
		if err != nil {
			return err
		}
		take(list)
		q.After = events.PublicID{Epoch: feedEpoch, Position: list[len(list)-1].ID}.String()
	}
}

func readPages(ctx context.Context, f *feed.Feed, q feed.Query, take func([]events.Event)) error {
	q.Limit, q.Wait = 3, 5*time.Second
	for ctx.Err() == nil {
		p, err := f.Page(ctx, q)
		if err != nil {
			return err
		}
		take(p.Events)
		q.After = p.Next.String()
	}
	return nil
}
