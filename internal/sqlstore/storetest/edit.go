package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

const (
	editors     = 32 // more than a pool has connections
	editsOfEach = 8
)

// testOvertaken: a revision that others overtake in between waits for its turn in
// the end, with the product locked, and is made of what they left.
func testOvertaken(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg")
	other := func(name string) {
		_, err := s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
			r := revision(old)
			r.Name = name
			r.Images = append(r.Images, catalog.PlannedImage{SourceURL: "http://a/more.jpg"})
			return r, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	calls := 0
	got, err := s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
		if calls++; calls <= catalog.OptimisticTries {
			other(fmt.Sprintf("of %d", calls))
		}
		r := revision(old)
		r.Description = "mine"
		return r, nil
	})
	want := fmt.Sprintf("of %d", catalog.OptimisticTries)
	if err != nil || calls != catalog.OptimisticTries+1 || got.Version != int64(calls+1) || got.Description != "mine" ||
		got.Name != want || len(got.Images) != calls {
		t.Errorf("after %d calls %+v, %v", calls, got, err)
	}
	if again := read(t, s, p.ID); !reflect.DeepEqual(got, again) {
		t.Errorf("returned %+v, read %+v", got, again)
	}
}

// testEditsAtOnce has every editor add its marks to what is there: one that
// wrote over another's would lose them.
func testEditsAtOnce(t *testing.T, s catalog.Store) {
	t.Helper()
	p := create(t, s)
	atOnce(func(editor int) {
		for round := range editsOfEach {
			err := whileUnavailable(func() error {
				_, err := s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
					r := revision(old)
					r.Description += fmt.Sprintf(" %d.%d", editor, round)
					return r, nil
				})
				return err
			})
			if err != nil {
				t.Errorf("editor %d: %v", editor, err)
			}
		}
	})
	got := read(t, s, p.ID)
	if want := int64(1 + editors*editsOfEach); got.Version != want {
		t.Errorf("version %d, want %d", got.Version, want)
	}
	marks := strings.Fields(strings.TrimPrefix(got.Description, p.Description))
	if slices.Sort(marks); len(marks) != editors*editsOfEach || len(slices.Compact(marks)) != editors*editsOfEach {
		t.Errorf("%d marks, want %d different ones", len(marks), editors*editsOfEach)
	}
}

// announced is a catalog.Announcer that keeps what is announced.
type announced struct {
	mu       sync.Mutex
	versions []int64
}

func (a *announced) Announce(_ context.Context, changed ...catalog.Changed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range changed {
		a.versions = append(a.versions, c.Version)
	}
}

// testChangesAtOnce: every change without precondition is applied once,
// whatever the others do.
func testChangesAtOnce(t *testing.T, s catalog.Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg")
	recorder := &announced{}
	service := catalog.NewService(s, recorder, catalog.DefaultKeyTTL)
	atOnce(func(editor int) {
		for round := range editsOfEach {
			text := fmt.Sprintf("%d.%d", editor, round)
			var got catalog.Product
			err := whileUnavailable(func() (err error) {
				got, err = service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Description: &text}, nil)
				return err
			})
			if err != nil || got.Description != text {
				t.Errorf("editor %d: %q, %v", editor, got.Description, err)
			}
		}
	})
	slices.Sort(recorder.versions)
	for i, version := range recorder.versions {
		if version != int64(i+2) {
			t.Fatalf("versions %v do not follow one another", recorder.versions)
		}
	}
	if got := read(t, s, p.ID); len(recorder.versions) != editors*editsOfEach || got.Version != int64(1+editors*editsOfEach) {
		t.Errorf("%d changes announced, version %d", len(recorder.versions), got.Version)
	}
}

// testProtectedChangesAtOnce: of changes of one version one lands, and the
// others hear that they are too late.
func testProtectedChangesAtOnce(t *testing.T, s catalog.Store) {
	t.Helper()
	p := create(t, s)
	service := catalog.NewService(s, &announced{}, catalog.DefaultKeyTTL)
	var landed atomic.Int32
	atOnce(func(editor int) {
		text := strconv.Itoa(editor)
		_, err := service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Description: &text}, []int64{p.Version})
		switch {
		case err == nil:
			landed.Add(1)
		case fault.KindOf(err) != fault.Stale:
			t.Errorf("editor %d: %v", editor, err)
		}
	})
	if got := read(t, s, p.ID); landed.Load() != 1 || got.Version != 2 {
		t.Errorf("%d landed, version %d", landed.Load(), got.Version)
	}
}

// testOneProductAtOnce has everything done to one product that needs no
// precondition: edits, replays in any order, and in the end its deletion. None
// may be refused because of the others, but for what is no longer there.
func testOneProductAtOnce(t *testing.T, s Store) {
	t.Helper()
	p := broken(t, s, fault.SourceTimeout, "http://a.example/1.jpg", "http://a.example/2.jpg", "http://a.example/3.jpg")
	service := catalog.NewService(s, &announced{}, catalog.DefaultKeyTTL)
	ids := []int64{p.Images[0].ID, p.Images[1].ID, p.Images[2].ID}
	var deleted atomic.Bool
	var replayed atomic.Int32
	fine := func(what string, err error, allowed ...fault.Kind) {
		if kind := fault.KindOf(err); err != nil && !slices.Contains(allowed, kind) {
			t.Errorf("%s: %s: %v", what, kind, err)
		}
	}
	atOnce(func(i int) {
		switch i % 4 {
		case 0:
			text := strconv.Itoa(i)
			_, err := service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Description: &text}, nil)
			fine("change", err, fault.NotFound)
		case 1:
			_, _, err := s.ReplayImage(t.Context(), p.ID, ids[i%len(ids)], Anyone, "req-3")
			if err == nil {
				replayed.Add(1)
			}
			fine("replay of an image", err, fault.Conflict, fault.NotFound)
		case 2:
			mine := slices.Clone(ids)
			if i%8 == 2 {
				slices.Reverse(mine)
			}
			_, done, err := s.ReplayImages(t.Context(), mine, "req-3")
			replayed.Add(int32(len(done)))
			fine("replay", err)
		case 3:
			_, err := s.DiscardFailures(t.Context(), []failures.ID{{Kind: failures.KindImage, N: ids[0]}})
			fine("discard", err)
			if i == editors-1 {
				fine("delete", service.Delete(t.Context(), auth.Everyone(), p.ID, nil))
				deleted.Store(true)
			}
		}
	})
	if replayed.Load() > int32(len(ids)) {
		t.Errorf("%d replays of %d failed images", replayed.Load(), len(ids))
	}
	_, err := s.Product(t.Context(), p.ID)
	wantKind(t, err, fault.NotFound)
	if list := jobs(t, s); len(list) != 0 || !deleted.Load() {
		t.Errorf("jobs of a deleted product: %+v", list)
	}
}

// atOnce has all editors at work at the same time.
func atOnce(do func(editor int)) {
	var group sync.WaitGroup
	for i := range editors {
		group.Go(func() { do(i) })
	}
	group.Wait()
}

// whileUnavailable repeats what waited in vain for its turn to write: SQLite has
// one writer, and on a busy machine the last of many editors may wait longer
// than an operation lasts. It wrote nothing then.
func whileUnavailable(do func() error) error {
	var err error
	for range 20 {
		if err = do(); fault.KindOf(err) != fault.Unavailable {
			return err
		}
	}
	return err
}
