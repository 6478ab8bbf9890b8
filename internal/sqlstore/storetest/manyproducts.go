package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// row is a row with the external id, "" for none, and one picture.
func row(external, name string) catalog.Row {
	price, images := catalog.Price(950), []string{"http://a/" + name + ".jpg"}
	return catalog.Row{Sent: catalog.Sent{ExternalID: external, Patch: catalog.Patch{Name: &name, Price: &price, Images: &images}}}
}

// silence announces nothing.
type silence struct{}

func (silence) Announce(context.Context, ...catalog.Changed) {}

func order(policy bulk.Policy, key string, rows ...catalog.Row) bulk.Order {
	return bulk.Order{UserID: user, Rows: rows, Policy: policy, Mode: catalog.Upsert, Key: key, Sum: sha256.Sum256(fmt.Append(nil, len(rows)))}
}

func writeMany(t *testing.T, s bulk.Store, o bulk.Order) bulk.Results {
	t.Helper()
	r, err := bulk.NewService(s, silence{}, time.Hour).Write(t.Context(), auth.Everyone(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func outcomesOf(r bulk.Results) (list []catalog.Outcome) {
	for _, row := range r.Rows {
		list = append(list, row.Outcome)
	}
	return list
}

// testMany: products are created, changed, or left as they are, each with its event and
// its work; a later row of an external id wins.
func testMany(t *testing.T, s Store) {
	t.Helper()
	alts := []string{"A lamp"}
	first := row("lamp", "Lamp")
	first.Alts = &alts
	r := writeMany(t, s, order(bulk.Rows, "", first, row("torch", "Torch"), row("", "Bulb"), row("torch", "Torch 2"), row("", "Bulb")))
	want := []catalog.Outcome{catalog.Created, catalog.Superseded, catalog.Created, catalog.Created, catalog.Created}
	if !slices.Equal(outcomesOf(r), want) {
		t.Fatalf("%+v", r)
	}
	lamp := read(t, s, r.Rows[0].ProductID)
	if lamp.Name != "Lamp" || lamp.ExternalID != "lamp" || lamp.Images[0].Alt != "A lamp" || lamp.Version != 1 {
		t.Errorf("created %+v", lamp)
	}
	if n := len(jobs(t, s)); n != 4 {
		t.Errorf("%d images have jobs, not 4", n)
	}
	var changed []catalog.Changed
	for _, i := range []int{0, 2, 3, 4} {
		changed = append(changed, read(t, s, r.Rows[i].ProductID).Edited())
	}
	wantChanged(t, s, changed...)
	again := row("lamp", "Lamp")
	again.Alts = &alts
	many := []string{"one", "two"}
	tooMany := row("bulb", "Bulb")
	tooMany.Alts = &many
	r = writeMany(t, s, order(bulk.Rows, "", again, row("torch", "Torch 3"), tooMany))
	if want := []catalog.Outcome{catalog.Unchanged, catalog.Updated, catalog.Rejected}; !slices.Equal(outcomesOf(r), want) {
		t.Fatalf("%+v", r)
	}
	if p := read(t, s, r.Rows[1].ProductID); p.Name != "Torch 3" || p.Version != 2 {
		t.Errorf("changed %+v", p)
	}
	create := order(bulk.Rows, "", row("lamp", "Lamp"), row("new", "New"))
	create.Mode = catalog.CreateOnly
	r = writeMany(t, s, create)
	if want := []catalog.Outcome{catalog.Rejected, catalog.Created}; !slices.Equal(outcomesOf(r), want) || !r.Rows[0].Errors.Has(catalog.FieldExternalID) {
		t.Fatalf("%+v", r)
	}
}

// testManyOrNone: with the policy All one fault has nothing written, also one that only
// the database knows of.
func testManyOrNone(t *testing.T, s Store) {
	t.Helper()
	writeMany(t, s, order(bulk.All, "", row("there", "There")))
	before := count(t, s)
	service := bulk.NewService(s, silence{}, time.Hour)
	missing := row("new", "New")
	missing.Name = nil
	taken := order(bulk.All, "k", row("a", "A"), row("there", "There"))
	taken.Mode = catalog.CreateOnly
	for field, o := range map[string]bulk.Order{
		"products[1].product_name": order(bulk.All, "k", row("a", "A"), missing),
		"products[1].external_id":  taken,
	} {
		_, err := service.Write(t.Context(), auth.Everyone(), o)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || !f.Fields.Has(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if n := count(t, s); n != before {
		t.Errorf("%d products were written", n-before)
	}
	// What was refused has not used the key up.
	if r := writeMany(t, s, order(bulk.All, "k", row("a", "A"))); r.Replayed || r.Rows[0].Outcome != catalog.Created {
		t.Errorf("%+v", r)
	}
	unknown := order(bulk.Rows, "k", row("a", "A"))
	unknown.UserID = 999
	if _, err := service.Write(t.Context(), auth.Everyone(), unknown); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an unknown user: %v", err)
	}
}

// testManyOfUploads: a row of an upload that the user has no image of is refused by itself,
// whether it is a new product or a change, and leaves nothing behind.
func testManyOfUploads(t *testing.T, s Store) {
	t.Helper()
	if _, err := addUpload(t, s, create(t, s).ID, stored(t, s, "a")); err != nil {
		t.Fatal(err)
	}
	of := func(external string, urls ...string) catalog.Row {
		r := row(external, "Of "+external)
		r.Images = &urls
		return r
	}
	writeMany(t, s, order(bulk.Rows, "", row("there", "There")))
	before := count(t, s)
	rows := []catalog.Row{
		of("mine", uploadURL("a")), of("new", "http://a/1.jpg", " "+uploadURL("b")), of("there", uploadURL("b"), "http://a/2.jpg"), row("last", "Last"),
	}
	r := writeMany(t, s, order(bulk.Rows, "k", rows...))
	if want := []catalog.Outcome{catalog.Created, catalog.Rejected, catalog.Rejected, catalog.Created}; !slices.Equal(outcomesOf(r), want) {
		t.Fatalf("%+v", r)
	}
	if !r.Rows[1].Errors.Has("product_images[1]") || !r.Rows[2].Errors.Has("product_images[0]") {
		t.Errorf("their faults are %+v and %+v", r.Rows[1].Errors, r.Rows[2].Errors)
	}
	if n := count(t, s); n != before+2 {
		t.Errorf("%d products were written, want 2", n-before)
	}
	there, err := s.ByExternalID(t.Context(), user, "there")
	if err != nil {
		t.Fatal(err)
	}
	if p := read(t, s, there); p.Name != "There" || p.Version != 1 || len(p.Images) != 1 || p.Images[0].SourceURL != "http://a/There.jpg" {
		t.Errorf("what was refused has changed %+v", p)
	}
	_, err = bulk.NewService(s, silence{}, time.Hour).Write(t.Context(), auth.Everyone(), order(bulk.All, "", rows...))
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Invalid || !f.Fields.Has("products[1].product_images[1]") {
		t.Errorf("all or none: %v", err)
	}
}

func count(t *testing.T, s catalog.Store) int64 {
	t.Helper()
	n, err := s.CountProducts(t.Context(), catalog.Filter{UserID: user}, false)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// cutOff is a store whose process is gone before, or right after, the part is written.
type cutOff struct {
	bulk.Store

	part  int
	after bool
}

var errGone = errors.New("gone")

func (s cutOff) WriteBatch(ctx context.Context, b bulk.Batch) ([]catalog.Written, *bulk.Earlier, error) {
	if b.Once.Part < s.part || s.after {
		written, earlier, err := s.Store.WriteBatch(ctx, b)
		if b.Once.Part < s.part || err != nil {
			return written, earlier, err
		}
	}
	return nil, nil, errGone
}

// testManyRepeated: an order that is cut off at any part is repeated under its key, and
// doubles and loses nothing.
func testManyRepeated(t *testing.T, s Store) {
	t.Helper()
	var rows []catalog.Row
	for i := range 250 {
		rows = append(rows, row("", fmt.Sprint("Product ", i)))
	}
	var wanted int64
	for part := range 3 {
		for _, after := range []bool{false, true} {
			name := fmt.Sprintf("part %d, after it: %t", part, after)
			o := order(bulk.Rows, name, rows...)
			_, err := bulk.NewService(cutOff{s, part, after}, silence{}, time.Hour).Write(t.Context(), auth.Everyone(), o)
			if !errors.Is(err, errGone) {
				t.Fatal(err)
			}
			r := writeMany(t, s, o)
			wanted += 250
			if n := count(t, s); n != wanted {
				t.Fatalf("%s: %d products, want %d", name, n, wanted)
			}
			if r.Replayed != (part > 0 || after) {
				t.Errorf("%s: replayed is %t", name, r.Replayed)
			}
			again := writeMany(t, s, o)
			for i := range rows {
				if again.Rows[i].ProductID != r.Rows[i].ProductID || r.Rows[i].ProductID == 0 || again.Rows[i].Outcome != catalog.Created {
					t.Fatalf("%s: row %d is %+v, then %+v", name, i, r.Rows[i], again.Rows[i])
				}
			}
			other := o
			other.Sum[0]++
			if _, err := bulk.NewService(s, silence{}, time.Hour).Write(t.Context(), auth.Everyone(), other); !errors.Is(err, catalog.ErrKeyReused) {
				t.Errorf("another order under the key: %v", err)
			}
		}
	}
	if n, err := s.ExpireBulkKeys(t.Context(), 100); n != 0 || err != nil {
		t.Errorf("%d living keys were removed, %v", n, err)
	}
}

// testManyAtOnce: orders at once that write the same external ids make one product of
// each, and of one key only one writes.
func testManyAtOnce(t *testing.T, s Store) {
	t.Helper()
	var rows []catalog.Row
	for i := range 60 {
		rows = append(rows, row(fmt.Sprint("id-", i), fmt.Sprint("Product ", i)))
	}
	plain := []catalog.Row{row("", "Plain")}
	var group sync.WaitGroup
	for i := range 6 {
		mixed := slices.Clone(rows)
		if i%2 == 1 {
			slices.Reverse(mixed)
		}
		for _, o := range []bulk.Order{order(bulk.Rows, "", mixed...), order(bulk.Rows, "same", plain...)} {
			group.Go(func() {
				if _, err := bulk.NewService(s, silence{}, time.Hour).Write(t.Context(), auth.Everyone(), o); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	if n := count(t, s); n != 61 {
		t.Errorf("%d products, want 61", n)
	}
}

// testExpireBulkKeys: a key that is over is free, and removed.
func testExpireBulkKeys(t *testing.T, s Store) {
	t.Helper()
	over := bulk.NewService(s, silence{}, -time.Second)
	for range 2 {
		if r, err := over.Write(t.Context(), auth.Everyone(), order(bulk.Rows, "k", row("", "Lamp"))); err != nil || r.Replayed {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	for _, want := range []int{1, 0} {
		if n, err := s.ExpireBulkKeys(t.Context(), 10); n != want || err != nil {
			t.Errorf("%d keys were removed, not %d, %v", n, want, err)
		}
	}
}
