package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// bulkLimit is how many images of a host may be out.
const bulkLimit = 2

// watched is a plan that holds every window against the limits.
type watched struct {
	dispatch.Plan

	t *testing.T
}

func (p watched) Decide(w dispatch.Window) dispatch.Decision {
	out := map[string]int{}
	for _, r := range w.Out {
		if out[r.Host]++; out[r.Host] > bulkLimit {
			p.t.Errorf("%d images of host %s are out", out[r.Host], r.Host)
		}
	}
	return p.Plan.Decide(w)
}

// crowd is a store at which dispatchers, workers and people are at work at once.
type crowd struct {
	t    *testing.T
	s    Store
	busy sync.WaitGroup
	done atomic.Bool
	jobs chan media.Job
}

// check reports whether the call succeeded, and fails the test where its error is not
// one of those that come of others being faster.
func (b *crowd) check(err error) bool {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Stale, fault.NotFound:
	default:
		if err != nil {
			b.t.Error(err)
		}
	}
	return err == nil
}

func (b *crowd) step(ctx context.Context) (jobs []media.Job) {
	const room = 10
	limits := dispatch.Limits{
		Slots: 12, Host: bulkLimit, NewHost: 1, ContactFor: 5 * time.Second, Life: time.Hour,
	}
	request := dispatch.Request{Life: time.Hour, Ranks: bulkLimit, Walk: true}
	taken, err := b.s.DispatchStep(ctx, request, watched{dispatch.OneStep(limits, room), b.t})
	b.check(err)
	return taken.Jobs
}

// work begins the image, and ends it in one of the ways; all of them succeed with luck 0.
func (b *crowd) work(ctx context.Context, j media.Job, luck int) {
	c, err := b.s.Begin(ctx, j, time.Hour)
	if !b.check(err) {
		return
	}
	switch {
	case luck < 4:
		_, err = b.s.Complete(ctx, c, rendition(fmt.Sprintf("k%d", j.ImageID%7)), noReport)
	case luck < 6:
		_, err = b.s.Retry(ctx, c, timeout(), 0)
	default:
		_, err = b.s.Fail(ctx, c, timeout())
	}
	b.check(err)
}

// testBulk has dispatchers and workers at work on images of a host that has little
// room and of one that is down, most of which are parked, while images fail, are
// retried and discarded in bulk and products are deleted: no limit is exceeded, the
// counts are right, and in the end every image that is left becomes ready.
func testBulk(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	b := &crowd{t: t, s: s, jobs: make(chan media.Job, 100)}
	record(t, s, media.Fetch{Host: "a", URL: 1, Took: time.Second})
	for url := range int64(7) {
		record(t, s, media.Fetch{Host: "down", URL: url, Failure: timeout(), Took: time.Second})
	}
	var products []catalog.Product
	var images []int64
	for i, owner := range []int64{user, MoreUsers()[0], MoreUsers()[1], user, MoreUsers()[0], MoreUsers()[1], user, user} {
		p := createAt(t, s, owner, 12, "a", "down", "b")
		products = append(products, p)
		for _, img := range p.Images {
			images = append(images, img.ID)
		}
		if i%2 == 0 {
			b.step(ctx)
		}
	}
	for range 2 {
		b.busy.Go(func() {
			for !b.done.Load() {
				for _, j := range b.step(ctx) {
					b.jobs <- j
				}
			}
		})
		b.busy.Go(func() {
			rng := rand.New(rand.NewPCG(1, 2))
			for !b.done.Load() {
				select {
				case j := <-b.jobs:
					b.work(ctx, j, rng.IntN(8))
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
	}
	for round := range 20 {
		_, err := s.RecordFetches(ctx, []media.Fetch{{Host: "down", URL: int64(100 + round), Failure: timeout(), Took: time.Second}})
		b.check(err)
		_, err = s.Expire(ctx, "down", 0, timeout(), 5)
		b.check(err)
		_, _, err = s.ReplayImages(ctx, images, "again")
		b.check(err)
		if round%5 == 4 {
			_, err = s.DeleteProduct(ctx, products[round/5].ID, Unchecked)
			b.check(err)
			listed, err := s.ListFailures(ctx, failures.Filter{}, nil, 3)
			b.check(err)
			var ids []failures.ID
			for _, item := range listed {
				ids = append(ids, item.ID)
			}
			_, err = s.DiscardFailures(ctx, ids)
			b.check(err)
		}
	}
	b.done.Store(true)
	b.busy.Wait()
	close(b.jobs)
	for j := range b.jobs {
		b.work(ctx, j, 0)
	}
	b.finish(products[4:])
	(&life{t: t, s: s}).check()
}

// finish has the hosts answer, and the images of the products become ready.
func (b *crowd) finish(products []catalog.Product) {
	b.t.Helper()
	for _, host := range []string{"a", "b", "down"} {
		record(b.t, b.s, media.Fetch{Host: host, URL: 1, Took: time.Second})
	}
	for _, p := range products {
		for _, img := range p.Images {
			_, _, err := b.s.ReplayImage(b.t.Context(), p.ID, img.ID, Anyone, "again") // also those that were discarded
			b.check(err)
		}
	}
	until(b.t, "every image is ready", func() bool {
		for _, j := range b.step(b.t.Context()) {
			b.work(b.t.Context(), j, 0)
		}
		for _, p := range products {
			for _, img := range read(b.t, b.s, p.ID).Images {
				if img.Status != catalog.Ready {
					return false
				}
			}
		}
		return true
	})
}

// createAt stores a product of the user with n images, at the hosts by turns.
func createAt(t *testing.T, s Store, owner int64, n int, hosts ...string) catalog.Product {
	t.Helper()
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("http://%s/%d.jpg", hosts[i%len(hosts)], i)
	}
	p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: owner, Name: "Bulk", Images: urls, Price: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
