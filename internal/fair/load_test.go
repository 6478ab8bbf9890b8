package fair_test

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// begin has each of the users post n pictures, and waits until the workload is under way.
func (w *world) begin(users, n int, url func(user, n int) string) {
	for u := range users {
		urls := make([]string, n)
		for i := range urls {
			urls[i] = url(u, i)
		}
		w.post(w.user(), urls)
	}
	systemtest.Pause(w.t, 2*time.Second)
}

// hanging is one at a hundred hosts of the user's own, which never answer.
func (w *world) hanging(user, n int) string {
	return w.url(hangingHosts, 100*user+n%100, fmt.Sprintf("hanging-%d", n))
}

// slow is one of 30 hosts.
func (w *world) slow(_, n int) string { return w.url(slowHosts, n%30, fmt.Sprintf("slow-%d", n)) }

// heavy takes much or most of the memory until the limit of its time.
func (w *world) heavy(_, n int) string { return w.url(heavyHosts, n%2, fmt.Sprintf("heavy-%d", n)) }

// importing posts the images of five hosts, a hundred products a second, and goes
// on while others are measured.
func (w *world) importing() {
	images, user := number(w.t, "FAIR_IMPORT"), w.user()
	var posting sync.WaitGroup
	w.t.Cleanup(posting.Wait)
	posting.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for first := 0; first < images; first += perProduct {
			urls := make([]string, min(perProduct, images-first))
			for i := range urls {
				urls[i] = w.url(quickHosts, 10_000+(first+i)%5, fmt.Sprintf("import-%d", first+i))
			}
			select {
			case <-tick.C:
			case <-w.t.Context().Done():
				return
			}
			id, err := w.Create(w.t.Context(), user, urls)
			if err != nil && w.t.Context().Err() == nil {
				w.t.Errorf("import: %v", err)
			}
			if err != nil {
				return
			}
			w.load.Store(id)
		}
		w.t.Logf("%d images were posted", images)
	})
	systemtest.Pause(w.t, 5*time.Second)
}

// failing posts 15 pictures that always fail, the first of their host, and 30 good
// ones behind them, which have the limit, too.
func (w *world) failing() {
	var urls []string
	for n := range 45 {
		kind := "good"
		if n < 15 {
			kind = "bad"
		}
		urls = append(urls, w.url(failingHosts, 0, fmt.Sprintf("%s-%d", kind, n)))
	}
	began := time.Now()
	w.post(w.user(), urls)
	w.also.Go(func() {
		done := func(images []wire.Image) bool { return ended(images[15:]) }
		images, err := w.Await(w.t.Context(), w.load.Load(), systemtest.Patience, done)
		took := time.Since(began)
		if err != nil || !done(images) || slices.ContainsFunc(images[15:], failed) || took > w.limit {
			w.t.Errorf("the good ones took %s, the slowest (%v): %v", took, err, images)
		}
		w.t.Logf("the last good picture of their own user took %s", took.Round(time.Millisecond))
	})
}

// besideFailing is a good picture of the same host.
func (w *world) besideFailing(n int) string {
	return w.url(failingHosts, 0, fmt.Sprintf("other-%d", n))
}
