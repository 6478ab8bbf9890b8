package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// life does random things to products and their images, each of which may be
// refused, for another was faster.
type life struct {
	t   *testing.T
	s   Store
	rng *rand.Rand
	ids []int64
}

// testCounts: after every step of random edits, transitions and deletes, lists
// show of each product what its images are.
func testCounts(t *testing.T, s Store) {
	t.Helper()
	l := newLife(t, s, 1)
	for range 120 {
		l.step()
		l.check()
	}
}

// testCountsAtOnce is testCounts with many at work on the same products: a count
// that did not wait for another's image would stay wrong.
func testCountsAtOnce(t *testing.T, s Store) {
	t.Helper()
	create(t, s, urls(catalog.MaxImages)...)
	completeAll(t, s, beginAll(t, s))
	first := newLife(t, s, 2)
	first.check()
	var group sync.WaitGroup
	for seed := range uint64(6) {
		group.Go(func() {
			l := &life{t: t, s: s, rng: rand.New(rand.NewPCG(seed, 3)), ids: first.ids}
			for range 25 {
				l.step()
			}
		})
	}
	group.Wait()
	first.check()
}

func newLife(t *testing.T, s Store, seed uint64) *life {
	t.Helper()
	l := &life{t: t, s: s, rng: rand.New(rand.NewPCG(seed, seed))}
	for n := range 4 {
		l.ids = append(l.ids, create(t, s, urls(n)...).ID)
	}
	return l
}

func urls(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("http://a.example/%d.jpg", i)
	}
	return list
}

func (l *life) step() {
	l.t.Helper()
	var err error
	p, readErr := l.s.Product(l.t.Context(), l.ids[l.rng.IntN(len(l.ids))])
	switch n := l.rng.IntN(20); {
	case readErr != nil:
		err = readErr
	case n < 3:
		_, err = l.s.ReviseProduct(l.t.Context(), p.ID, func(p catalog.Product) (catalog.Revision, error) { return l.plan(p), nil })
	case n < 4 && len(l.ids) > 0 && p.ID != l.ids[0] && l.rng.IntN(4) == 0:
		_, err = l.s.DeleteProduct(l.t.Context(), p.ID, Unchecked)
	case n < 6:
		if len(p.Images) > 0 {
			_, _, err = l.s.ReplayImage(l.t.Context(), p.ID, p.Images[l.rng.IntN(len(p.Images))].ID, Anyone, "req-2")
		}
	case n < 7:
		ids := make([]int64, len(p.Images))
		for i, img := range p.Images {
			ids[i] = img.ID
		}
		_, _, err = l.s.ReplayImages(l.t.Context(), ids, "req-2")
	case n < 8:
		_, err = l.s.Rebuild(l.t.Context(), l.key(), l.rng.IntN(2) == 0, 2)
	case n < 9 && len(p.Images) > 0:
		err = l.s.RefreshImage(l.t.Context(), p.ID, p.Images[l.rng.IntN(len(p.Images))].ID, Anyone, "req")
	default:
		err = l.work()
	}
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Stale, fault.Conflict, fault.Unavailable:
	default:
		if err != nil {
			l.t.Error(err)
		}
	}
}

// plan drops some images, moves the others, and adds some.
func (l *life) plan(p catalog.Product) catalog.Revision {
	r := revision(p)
	l.rng.Shuffle(len(r.Images), func(i, j int) { r.Images[i], r.Images[j] = r.Images[j], r.Images[i] })
	r.Images = r.Images[:l.rng.IntN(len(r.Images)+1)]
	for _, u := range urls(l.rng.IntN(3)) {
		r.Images = append(r.Images, catalog.PlannedImage{SourceURL: u})
	}
	r.Fields = []string{catalog.FieldImages}
	return r
}

// work begins one image that waits, and ends it in one of the ways.
func (l *life) work() error {
	request, plan := dispatch.Single(time.Hour, 1, 1<<20)
	taken, err := l.s.DispatchStep(l.t.Context(), request, plan)
	if err != nil || len(taken.Jobs) == 0 {
		return err
	}
	j := taken.Jobs[0]
	failure := fault.Fail(fault.SourceTimeout, "The source took too long.", nil)
	switch l.rng.IntN(8) {
	case 0:
		_, err := l.s.CountLostDelivery(l.t.Context(), j, failure, func(media.Spent) (time.Duration, bool) { return 0, false })
		return err
	case 1:
		_, err := l.s.Expire(l.t.Context(), j.Host, 0, failure, 2) // which finds what is parked only
		return err
	}
	c, err := l.s.Begin(l.t.Context(), j, time.Minute)
	if err != nil {
		return err
	}
	switch l.rng.IntN(4) {
	case 0:
		_, err = l.s.Fail(l.t.Context(), c, failure)
	case 1:
		_, err = l.s.Retry(l.t.Context(), c, failure, 0)
	default:
		_, err = l.s.Complete(l.t.Context(), c, rendition(l.key()), noReport)
	}
	return err
}

func (l *life) key() string { return fmt.Sprintf("aa%02d", l.rng.IntN(5)) }

// check counts the images of every product again and compares that with what
// lists show, and with what fsck thinks.
func (l *life) check() {
	l.t.Helper()
	list, _, err := l.s.ListProducts(l.t.Context(), catalog.Filter{Limit: 100})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, got := range list {
		var want catalog.Counts
		var cover string
		images := read(l.t, l.s, got.ID).Images
		slices.Reverse(images) // so that the first ready one is the last to be the cover
		for _, img := range images {
			switch img.Status {
			case catalog.Ready:
				want.Ready++
				cover = img.Rendition.Variants[0].Key
			case catalog.Failed:
				want.Failed++
			default:
				want.Pending++
			}
		}
		if got.Images != want {
			l.t.Fatalf("product %d is listed with %+v, has %+v", got.ID, got.Images, want)
		}
		if (got.Cover == nil) != (cover == "") || got.Cover != nil && got.Cover.Key != cover {
			l.t.Fatalf("product %d is listed with the cover %+v, want %q", got.ID, got.Cover, cover)
		}
	}
	revisions, err := l.s.Revisions(l.t.Context(), 0, 100)
	if err != nil || len(revisions) != len(list) {
		l.t.Fatalf("%d revisions of %d products, %v", len(revisions), len(list), err)
	}
	for _, r := range revisions {
		if r.Miscount {
			l.t.Fatalf("fsck takes the counts of product %d for wrong", r.ID)
		}
	}
}
