package storetest

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/feed"
)

// feedEpoch is the epoch of the feeds below.
const feedEpoch = "5eed"

// runFeed is a feed of the log, which is run until the test ends.
func runFeed(t *testing.T, s Store) *feed.Feed {
	t.Helper()
	f := newFeed(s)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
	return f
}

func newFeed(s Store) *feed.Feed {
	log := slog.New(slog.DiscardHandler)
	return feed.New(events.NewHorizon(s, events.DefaultHorizonConfig(), log), s, func() string { return feedEpoch }, log)
}

// of is a principal who reads what belongs to the user.
func of(user int64) auth.Principal {
	return auth.Principal{User: user, Caller: user, Scopes: auth.Scopes{auth.ProductsRead}}
}

// lampFor makes a product of the user.
func lampFor(t *testing.T, s Store, user int64) catalog.Product {
	t.Helper()
	p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: "Lamp", RequestID: "req-1"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// testScan: the database has of every selection what the rule says.
func testScan(t *testing.T, s Store) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	other := MoreUsers()[0]
	first, second := create(t, s, "http://a/1.jpg"), lampFor(t, s, other)
	if _, err := s.Fail(t.Context(), begin(t, s, jobs(t, s)[0]), fault.Fail(fault.SourceTimeout, "It took too long.", nil)); err != nil {
		t.Fatal(err)
	}
	k := createKey(t, s, auth.KeyDraft{UserID: other, Name: "k", Scopes: auth.Scopes{auth.ProductsRead}})
	if _, err := accounts.RevokeKey(t.Context(), admin(), k.ID); err != nil {
		t.Fatal(err)
	}
	for _, p := range []catalog.Product{first, second} {
		if _, err := s.DeleteProduct(t.Context(), p.ID, Unchecked); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Read(t.Context(), 0, 1<<40, 100)
	if err != nil || len(all.Events) != 6 {
		t.Fatalf("%+v, %v", all.Events, err)
	}
	found := 0
	for _, selected := range []events.Selection{
		{Types: events.Types()},
		{Types: append(events.Types(), events.KeyChanged)},
		{User: user, Types: events.Types()},
		{User: other, Types: events.Types()},
		{Product: first.ID, Types: events.Types()},
		{Product: second.ID, Types: []events.Type{events.ProductDeleted}},
		{User: user, Product: second.ID, Types: events.Types()},
		{Types: []events.Type{events.ImageFailed, events.ProductCreated}},
		{User: other, Types: []events.Type{events.ImageFailed}},
	} {
		var want []events.Event
		for _, e := range all.Events {
			if selected.Has(e) {
				want = append(want, e)
			}
		}
		got, err := s.ScanEvents(t.Context(), selected, 0, 1<<40, 100)
		if err != nil || !reflect.DeepEqual(got.Events, want) || got.Now.IsZero() {
			t.Errorf("%+v: %+v, %v; want %+v", selected, got, err, want)
		}
		found += len(got.Events)
		last := all.Events[5].ID
		part, err := s.ScanEvents(t.Context(), selected, all.Events[0].ID, last-1, 2)
		if err != nil || len(part.Events) > 2 {
			t.Errorf("a part of %+v: %+v, %v", selected, part, err)
		}
		for _, e := range part.Events {
			if !selected.Has(e) || e.ID == all.Events[0].ID || e.ID == last {
				t.Errorf("a part of %+v has %+v", selected, e)
			}
		}
	}
	if found < 15 {
		t.Errorf("%d events were selected", found)
	}
}

// testFeedPages: pages go on without a gap, and positions that do not are refused.
func testFeedPages(t *testing.T, s Store) {
	t.Helper()
	for name, f := range map[string]*feed.Feed{"not run": newFeed(s), "run": runFeed(t, s)} {
		page := func(q feed.Query) (feed.Page, error) {
			q.By = of(user)
			return f.Page(t.Context(), q)
		}
		written, err := s.Mark(t.Context(), -1)
		if err != nil {
			t.Fatal(err)
		}
		var start feed.Page
		until(t, "the feed knows how far the log is", func() bool {
			start, err = page(feed.Query{After: feed.Latest})
			if err != nil || len(start.Events) != 0 || start.More {
				t.Fatalf("%s: %+v, %v", name, start, err)
			}
			return start.Next.Position == written.To
		})
		var want []int64
		for range 5 {
			lampFor(t, s, MoreUsers()[0])
			want = append(want, create(t, s).ID)
		}
		var got []int64
		next := start.Next.String()
		until(t, "all were listed", func() bool {
			p, err := page(feed.Query{After: next, Limit: 2, Types: "product.created, image.ready"})
			if err != nil || len(p.Events) > 2 || p.Next.Epoch != feedEpoch {
				t.Fatalf("%s: %+v, %v", name, p, err)
			}
			for _, e := range p.Events {
				got = append(got, e.ProductID)
			}
			next = p.Next.String()
			return len(got) >= len(want)
		})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: events of %v, want %v", name, got, want)
		}
		if p, err := page(feed.Query{After: start.Next.String(), Product: want[3]}); err != nil || len(p.Events) != 1 || p.Events[0].ProductID != want[3] {
			t.Errorf("%s: of one product %+v, %v", name, p, err)
		}
		for _, after := range []string{"evt_0_0", "evt_ab12_7"} {
			if _, err := page(feed.Query{After: after}); !errors.Is(err, feed.ErrGone) {
				t.Errorf("%s: of another epoch: %v", name, err)
			}
		}
		_, err = page(feed.Query{After: "evt_" + feedEpoch + "_99999999"})
		wantKind(t, err, fault.Invalid)
	}
	// Overtaken: the second of two feeds has nothing in memory.
	f := newFeed(s)
	before, err := f.Page(t.Context(), feed.Query{By: of(user), After: feed.Oldest, Limit: 1})
	if err != nil || len(before.Events) != 1 {
		t.Fatalf("%+v, %v", before, err)
	}
	all, err := s.Read(t.Context(), 0, 1<<40, 100)
	if err != nil {
		t.Fatal(err)
	}
	kept := all.Events[len(all.Events)-3:]
	if _, err := s.RemoveEvents(t.Context(), 1000*time.Hour, all.Events[len(all.Events)-1].ID-kept[0].ID+1, 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Page(t.Context(), feed.Query{By: of(user), After: before.Next.String()}); !errors.Is(err, feed.ErrGone) {
		t.Errorf("a page behind %s, which was overtaken: %v", before.Next, err)
	}
	if _, err := f.Open(t.Context(), feed.Query{By: of(user), After: before.Next.String()}); !errors.Is(err, feed.ErrGone) {
		t.Errorf("a stream behind %s, which was overtaken: %v", before.Next, err)
	}
	edge := events.PublicID{Epoch: feedEpoch, Position: kept[0].ID - 1}
	for _, after := range []string{feed.Oldest, edge.String()} {
		p, err := f.Page(t.Context(), feed.Query{By: auth.Everyone(), After: after})
		if err != nil || !reflect.DeepEqual(p.Events, kept) {
			t.Errorf("after %s: %+v, %v; want %+v", after, p.Events, err, kept)
		}
	}
}
