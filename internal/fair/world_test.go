package fair_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

const (
	perProduct = 50 // images
	measured   = 20 // pictures of other users
)

// world is a running installation, and the hosts that its pictures are at.
type world struct {
	*systemtest.Installation
	*source

	t     *testing.T
	users []int64 // who have nothing yet
	next  int     // host never asked before
	limit time.Duration
	load  atomic.Int64   // a product, or the import, of the workload that is not done before the others are measured
	also  sync.WaitGroup // what a workload measures itself
}

func newWorld(t *testing.T, s shape, users int) *world {
	t.Helper()
	w := &world{t: t, source: newSource(t), Installation: s.install(t, nil)}
	w.users = w.AddUsers(users)
	return w
}

// user returns one who has nothing yet.
func (w *world) user() (id int64) {
	id, w.users = w.users[0], w.users[1:]
	return id
}

// unseen is a picture at a host never asked before.
func (w *world) unseen(int) string {
	w.next++
	return w.url(quickHosts, w.next, fmt.Sprintf("picture-%d", w.next))
}

// post posts the images of a user as products. The last is the load.
func (w *world) post(user int64, urls []string) {
	w.t.Helper()
	for some := range slices.Chunk(urls, perProduct) {
		id, err := w.Create(w.t.Context(), user, some)
		if err != nil {
			w.t.Fatal(err)
		}
		w.load.Store(id)
	}
}

// pictures posts pictures of users who have nothing else, one every so often, and
// returns how long the slowest took from its create until it could be seen.
func (w *world) pictures(what string, every time.Duration, host func(w *world, n int) string) time.Duration {
	w.t.Helper()
	took := make([]time.Duration, measured)
	var running sync.WaitGroup
	for n := range measured {
		user, url := w.user(), host(w, n)
		running.Go(func() {
			began := time.Now()
			if err := w.ready(w.t.Context(), user, url); err != nil {
				w.t.Errorf("%s: picture %d: %v", what, n, err)
			}
			took[n] = time.Since(began)
		})
		systemtest.Pause(w.t, every)
	}
	running.Wait()
	slices.Sort(took)
	w.t.Logf("%s: median %s, slowest %s", what, took[measured/2].Round(time.Millisecond), took[measured-3:])
	return took[measured-1]
}

// ready posts a picture and waits until it is ready.
func (w *world) ready(ctx context.Context, user int64, url string) error {
	id, err := w.Create(ctx, user, []string{url})
	if err != nil {
		return err
	}
	images, err := w.Await(ctx, id, systemtest.Patience, ended)
	if err == nil && (!ended(images) || failed(images[0])) {
		err = fmt.Errorf("%s is %s", url, images[0].Status)
	}
	return err
}

// goesOn wants the last product of the workload to be there still.
func (w *world) goesOn(string) {
	w.t.Helper()
	images, err := w.Await(w.t.Context(), w.load.Load(), 0, ended)
	if err != nil || ended(images) {
		w.t.Errorf("the workload was over before the others were measured (%v): %+v", err, images)
	}
}

// ended reports whether all work on the images is done.
func ended(images []wire.Image) bool {
	return !slices.ContainsFunc(images, func(img wire.Image) bool {
		return img.Status != string(catalog.Ready) && !failed(img)
	})
}

func failed(img wire.Image) bool { return img.Status == string(catalog.Failed) }
