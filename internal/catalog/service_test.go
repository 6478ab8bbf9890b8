package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

type setup struct {
	store     *catalogfake.Store
	service   *catalog.Service
	mu        sync.Mutex
	announced []catalog.Changed
}

func (s *setup) Announce(ctx context.Context, changed ...catalog.Changed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changed {
		if ctx.Err() != nil {
			c.Revision = -1 // an announcement must outlive its request
		}
		s.announced = append(s.announced, c)
	}
}

func newSetup() *setup {
	s := &setup{store: catalogfake.NewStore()}
	s.service = catalog.NewService(s.store, s, catalog.DefaultKeyTTL)
	return s
}

func (s *setup) create(t *testing.T, name string, price catalog.Price, images ...string) catalog.Product {
	t.Helper()
	p, err := s.service.Create(t.Context(), auth.Everyone(), catalog.Draft{UserID: 1, Name: name, Price: price, Images: images})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantFields(t *testing.T, err error, want ...string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		t.Fatalf("error = %v, want one of invalid fields", err)
	}
	var names []string
	for _, field := range f.Fields {
		names = append(names, field.Name)
	}
	if !slices.Equal(names, want) {
		t.Errorf("fields at fault = %v, want %v", names, want)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	s := newSetup()
	ctx, cancel := context.WithCancel(requestid.With(t.Context(), "r-1"))
	p, err := s.service.Create(ctx, auth.Everyone(), catalog.Draft{UserID: 1, Name: "Lamp", Price: 5, Images: []string{"https://example.com/a"}})
	cancel()
	if err != nil || p.Version != 1 || len(p.Images) != 1 {
		t.Fatalf("Create = %+v, %v", p, err)
	}
	if got := s.store.Requests(); !slices.Equal(got, []string{"r-1"}) {
		t.Errorf("request ids in the store = %v", got)
	}
	want := catalog.Changed{ProductID: p.ID, UserID: 1, Revision: 1, Version: 1, Edit: true}
	if !slices.Equal(s.announced, []catalog.Changed{want}) {
		t.Errorf("announced %v, want %v once", s.announced, want)
	}
}

func TestCreateReportsAllFaults(t *testing.T) {
	t.Parallel()
	s := newSetup()
	_, err := s.service.Create(t.Context(), auth.Everyone(), catalog.Draft{UserID: 3, Name: "", Price: -1})
	wantFields(t, err, "product_name", "product_price", "user_id")
	_, err = s.service.Create(t.Context(), auth.Everyone(), catalog.Draft{UserID: 3, Name: "Lamp"})
	wantFields(t, err, "user_id")
	s.store.Fail(fault.New(fault.Unavailable, "down"))
	_, err = s.service.Create(t.Context(), auth.Everyone(), catalog.Draft{UserID: 3, Name: ""})
	wantFields(t, err, "product_name")
	if s.store.Len() != 0 || len(s.announced) != 0 {
		t.Error("a refused draft left traces")
	}
}

func TestStoreFailurePassesThrough(t *testing.T) {
	t.Parallel()
	s := newSetup()
	down := fault.New(fault.Unavailable, "down")
	s.store.Fail(down)
	_, err1 := s.service.Create(t.Context(), auth.Everyone(), catalog.Draft{UserID: 1, Name: "Lamp"})
	_, err2 := s.service.Product(t.Context(), auth.Everyone(), 101)
	_, err3 := s.service.Change(t.Context(), auth.Everyone(), 101, catalog.Patch{}, nil)
	_, err4 := s.service.List(t.Context(), catalog.Filter{UserID: 1})
	for i, err := range []error{err1, err2, err3, err4, s.service.Delete(t.Context(), auth.Everyone(), 101, nil)} {
		if !errors.Is(err, down) {
			t.Errorf("call %d: %v, want the store's own error", i+1, err)
		}
	}
	if len(s.announced) != 0 {
		t.Error("a failed write was announced")
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	s := newSetup()
	p := s.create(t, "Lamp", 5, "https://example.com/a")
	got, err := s.service.Change(requestid.With(t.Context(), "r-2"), auth.Everyone(), p.ID, catalog.Patch{Name: new("Torch")}, []int64{7, 1})
	if requests := s.store.Requests(); requests[len(requests)-1] != "r-2" {
		t.Errorf("request ids in the store = %v", requests)
	}
	if err != nil || got.Name != "Torch" || got.Version != 2 {
		t.Fatalf("Change = %+v, %v", got, err)
	}
	if _, err := s.service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Name: new("Torch")}, []int64{1}); fault.KindOf(err) != fault.Stale {
		t.Errorf("a stale change: %v", err)
	}
	if _, err := s.service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{}, []int64{}); fault.KindOf(err) != fault.Stale {
		t.Errorf("a change of no version: %v", err)
	}
	if _, err := s.service.Change(t.Context(), auth.Everyone(), 999, catalog.Patch{}, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a change of nothing: %v", err)
	}
	same, err := s.service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Name: new("Torch")}, nil)
	if err != nil || same.Version != 2 {
		t.Errorf("a change without a difference = version %d, %v", same.Version, err)
	}
	moved, err := s.service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Images: &[]string{}}, nil)
	if err != nil || moved.Version != 3 || len(moved.Images) != 0 {
		t.Errorf("Change of images = %+v, %v", moved, err)
	}
	want := []catalog.Changed{{p.ID, 1, 1, 1, true}, {p.ID, 1, 2, 2, true}, {p.ID, 1, 3, 3, true}}
	if !slices.Equal(s.announced, want) {
		t.Errorf("announced %v, want %v", s.announced, want)
	}
}

// TestConcurrentChanges: without preconditions every change lands.
func TestConcurrentChanges(t *testing.T) {
	t.Parallel()
	s := newSetup()
	p := s.create(t, "Lamp", 5)
	var group sync.WaitGroup
	var landed sync.Map
	for i := range 8 {
		group.Go(func() {
			name := fmt.Sprintf("name %d", i)
			got, err := s.service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Name: &name}, nil)
			if err != nil || got.Name != name {
				t.Errorf("Change = %+v, %v", got, err)
			}
			if other, twice := landed.LoadOrStore(got.Version, i); twice {
				t.Errorf("changes %d and %v landed as the same version", i, other)
			}
		})
	}
	group.Wait()
	if got, err := s.service.Product(t.Context(), auth.Everyone(), p.ID); err != nil || got.Version != 9 {
		t.Errorf("version = %d, %v; want 9", got.Version, err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := newSetup()
	p := s.create(t, "Lamp", 5)
	if err := s.service.Delete(t.Context(), auth.Everyone(), p.ID, []int64{2}); fault.KindOf(err) != fault.Stale {
		t.Errorf("a stale delete: %v", err)
	}
	if err := s.service.Delete(t.Context(), auth.Everyone(), p.ID, []int64{1}); err != nil {
		t.Fatal(err)
	}
	if err := s.service.Delete(t.Context(), auth.Everyone(), p.ID, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a second delete: %v", err)
	}
	if got := s.announced[len(s.announced)-1]; len(s.announced) != 2 || got != (catalog.Changed{ProductID: p.ID, UserID: 1, Revision: cache.Gone, Version: 2, Edit: true}) {
		t.Errorf("announced %v", s.announced)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newSetup()
	for i := range 5 {
		s.create(t, fmt.Sprintf("Straße %d", i), catalog.Price(i))
	}
	var seen []int64
	filter := catalog.Filter{UserID: 1, Name: "STRASSE", Limit: 2}
	for {
		page, err := s.service.List(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Products {
			seen = append(seen, p.ID)
		}
		if page.Next.ID == 0 {
			break
		}
		filter.After = page.Next
	}
	if want := []int64{105, 104, 103, 102, 101}; !slices.Equal(seen, want) {
		t.Errorf("pages = %v, want %v", seen, want)
	}
	_, err := s.service.List(t.Context(), catalog.Filter{Limit: 1001, Name: strings.Repeat("x", 300)})
	wantFields(t, err, "user_id", "limit", "product_name")
	full, err := s.service.List(t.Context(), catalog.Filter{UserID: 1, Limit: 5})
	if err != nil || len(full.Products) != 5 || full.Next.ID != 0 {
		t.Errorf("a page that is just full = %d products, next %v, %v", len(full.Products), full.Next, err)
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	c := catalogfake.NewCache()
	views := catalog.NewViews(c, catalog.FixedEpoch("e"), slog.New(slog.DiscardHandler))
	ctx := t.Context()
	loads := 0
	list := func(context.Context) (cache.Entry, error) {
		loads++
		return cache.Entry{Version: 1}, ctx.Err()
	}
	read := func(revision int64) {
		t.Helper()
		_, err1 := views.Product(ctx, auth.Everyone(), 1, "tag", func(context.Context) (catalog.View, error) {
			loads++
			return catalog.View{Revision: revision}, nil
		})
		_, err2 := listed(ctx, views, catalog.Filter{UserID: 1}, "tag", list)
		_, err3 := listed(ctx, views, catalog.Filter{UserID: 2}, "tag", list)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want int, what string) {
		t.Helper()
		if loads != want {
			t.Errorf("%s: %d loads, want %d", what, loads, want)
		}
		loads = 0
	}
	read(1)
	expect(3, "at first")
	read(1)
	expect(0, "again")
	views.Announce(ctx, catalog.Changed{ProductID: 1, UserID: 1, Revision: 2})
	read(2)
	expect(2, "after progress of an image")
	views.Announce(ctx, catalog.Changed{ProductID: 1, UserID: 1, Revision: 3})
	read(3)
	expect(1, "after more progress within a second")
	views.Announce(ctx, catalog.Changed{ProductID: 1, UserID: 1, Revision: 4, Edit: true})
	read(4)
	expect(2, "after an edit")

	if _, err := listed(ctx, views, catalog.Filter{UserID: 1, FieldErrors: fault.FieldErrors{{Name: "cursor"}}}, "tag", list); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a filter at fault found a page: %v", err)
	}
	if _, err := listed(ctx, views, catalog.Filter{}, "tag", list); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a list of all users' products: %v", err)
	}
	c.Fail(errors.New("no cache"))
	if err := views.Invalidate(ctx, catalog.Changed{ProductID: 1, Revision: 2}); err == nil {
		t.Error("a failed invalidation was not reported")
	}
	_ = views.Invalidate(ctx, catalog.Changed{ProductID: 1, UserID: 7, Revision: 5, Edit: true})
	if failed := c.Failed(); !slices.Equal(failed, []string{"product:e:1", "lists:e:0", "product:e:1", "lists:e:7"}) {
		t.Errorf("invalidations of %q failed: a call that fails must not keep the others from the cache", failed)
	}
	views.Announce(ctx, catalog.Changed{ProductID: 1, Revision: 5}) // logs only
}

func TestCover(t *testing.T) {
	t.Parallel()
	wide := func(widths ...int) (list []catalog.Output) {
		for _, w := range widths {
			list = append(list, catalog.Output{Width: w})
		}
		return list
	}
	for _, tc := range []struct {
		variants []catalog.Output
		want     int
	}{
		{nil, 2048}, {wide(100), 100}, {wide(100, 200), 200}, {wide(100, 320, 800), 320}, {wide(400, 800), 400}, {wide(300, 800, 1600), 800},
	} {
		r := catalog.Rendition{Compressed: catalog.Output{Width: 2048}, Variants: tc.variants}
		if got := r.Cover().Width; got != tc.want {
			t.Errorf("the cover among %+v is %d wide, want %d", tc.variants, got, tc.want)
		}
	}
}

// TestListPagesByBytes: a page ends before the texts on it go beyond the bound,
// and the pages together have every product once.
func TestListPagesByBytes(t *testing.T) {
	t.Parallel()
	s := newSetup()
	const products = 150
	for i := range products {
		description := strings.Repeat("😀", (i%3)*5000)
		if _, err := s.service.Create(t.Context(), auth.Everyone(), catalog.Draft{UserID: 1, Name: "n", Description: description, Price: 1}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[int64]bool{}
	pages, filter := 0, catalog.Filter{UserID: 1, Limit: 1000}
	for more := true; more; pages++ {
		page, err := s.service.List(t.Context(), filter)
		if err != nil || len(page.Products) == 0 {
			t.Fatalf("%d products, %v", len(page.Products), err)
		}
		bytes := 0
		for _, p := range page.Products {
			if seen[p.ID] {
				t.Fatalf("product %d comes twice", p.ID)
			}
			seen[p.ID] = true
			bytes += len(p.Name) + len(p.Description)
		}
		if bytes > catalog.MaxPageBytes {
			t.Errorf("a page of %d bytes", bytes)
		}
		if page.Next.ID != 0 && bytes < catalog.MaxPageBytes-40_001 {
			t.Errorf("a page of %d bytes only", bytes)
		}
		filter.After, more = page.Next, page.Next.ID != 0
	}
	if len(seen) != products || pages != 3 {
		t.Errorf("%d products on %d pages, want %d on 3", len(seen), pages, products)
	}
}

// TestViewsOfTags: processes that encode differently share a cache without
// being given one another's answers, and hear of the same changes.
func TestViewsOfTags(t *testing.T) {
	t.Parallel()
	c := catalogfake.NewCache()
	views := catalog.NewViews(c, catalog.FixedEpoch("e"), slog.New(slog.DiscardHandler))
	loads := 0
	read := func(tag string, revision int64) {
		t.Helper()
		want := catalog.View{Version: revision + 10, Revision: revision, Body: []byte("body of " + tag)}
		v, err := views.Product(t.Context(), auth.Everyone(), 1, tag, func(context.Context) (catalog.View, error) {
			loads++
			return want, nil
		})
		if err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%s: %+v, %v, want %+v", tag, v, err, want)
		}
		e, err := listed(t.Context(), views, catalog.Filter{UserID: 1}, tag, func(context.Context) (cache.Entry, error) {
			loads++
			return cache.Entry{Version: 1, Body: want.Body}, nil
		})
		if err != nil || string(e.Body) != string(want.Body) {
			t.Errorf("%s: list %q, %v", tag, e.Body, err)
		}
	}
	for _, tag := range []string{"old", "old", "new", "new", "older"} {
		read(tag, 1)
	}
	if loads != 6 {
		t.Errorf("%d loads, want two of each tag", loads)
	}
	views.Announce(t.Context(), catalog.Changed{ProductID: 1, UserID: 1, Revision: 2, Edit: true})
	read("older", 2)
	read("new", 2)
}

// TestEpochThatIsNotUsed: nothing is read from the cache or put into it, and
// what cannot be announced is an error.
func TestEpochThatIsNotUsed(t *testing.T) {
	t.Parallel()
	c, ctx := catalogfake.NewCache(), t.Context()
	var epoch string
	usable := true
	views := catalog.NewViews(c, func(context.Context) (string, bool) { return epoch, usable }, slog.New(slog.DiscardHandler))
	loads := 0
	read := func() {
		t.Helper()
		_, err1 := views.Product(ctx, auth.Everyone(), 1, "tag", func(context.Context) (catalog.View, error) {
			loads++
			return catalog.View{Revision: 1}, nil
		})
		_, err2 := listed(ctx, views, catalog.Filter{UserID: 1}, "tag", func(context.Context) (cache.Entry, error) {
			loads++
			return cache.Entry{Version: 1}, nil
		})
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
	}
	epoch = "a"
	read()
	usable = false
	read()
	usable = true
	read()
	if loads != 4 {
		t.Errorf("%d loads, want the first two and two while the epoch was not usable", loads)
	}
	epoch = "b"
	read()
	if loads != 6 {
		t.Errorf("%d loads, want two more under another epoch", loads)
	}
	epoch = ""
	if err := views.Invalidate(ctx, catalog.Changed{ProductID: 1, UserID: 1, Revision: 2, Edit: true}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("an announcement under no epoch: %v", err)
	}
}

// TestListOfAll: an operator lists the products of all users, by what has an index.
func TestListOfAll(t *testing.T) {
	t.Parallel()
	s := newSetup()
	operator := auth.Principal{User: 1, Caller: 1, Scopes: auth.Scopes{auth.Operator}}
	for field, f := range map[string]catalog.Filter{
		catalog.FieldUserID: {UserID: 1}, "limit": {Limit: -1}, catalog.FilterSort: {Sort: find.Alphabetical}, catalog.FilterQuery: {Query: "q"},
		catalog.FilterImageStatus: {ImageStatus: catalog.Ready}, catalog.FilterUpdatedAfter: {UpdatedAfter: time.Now()}, catalog.FieldExternalID: {ExternalID: "x"}, catalog.FilterSourceHost: {SourceHost: "a b"},
	} {
		_, err := s.service.ListOfAll(t.Context(), operator, f)
		wantFields(t, err, field)
	}
	if _, err := s.service.ListOfAll(t.Context(), auth.Principal{User: 1, Caller: 1, Scopes: auth.Scopes{auth.ProductsRead}}, catalog.Filter{}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("for a user: %v", err)
	}
	for _, f := range []catalog.Filter{{}, {Sort: find.Oldest, ImageStatus: catalog.Failed, Limit: 5}, {SourceHost: "a"}, {SourceHost: "a", ImageStatus: catalog.Failed}} {
		if _, err := s.service.ListOfAll(t.Context(), operator, f); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// listed is the page of a filter.
func listed(ctx context.Context, views *catalog.Views, f catalog.Filter, tag string, load catalog.LoadFunc) (cache.Entry, error) {
	s, err := f.Select(tag)
	if err != nil {
		return cache.Entry{}, err
	}
	return views.List(ctx, s, load)
}
