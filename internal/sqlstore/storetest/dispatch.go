package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// testDispatch: an image is out once at a time, and the product shows nothing of it.
func testDispatch(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	if none := step(t, s, 0, time.Minute); len(none) != 0 {
		t.Fatalf("without room: %+v", none)
	}
	first := step(t, s, 2, time.Hour)
	if len(first) != 2 || first[0].ImageID != p.Images[0].ID || first[1].ImageID != p.Images[1].ID {
		t.Fatalf("dispatched %+v", first)
	}
	if third := step(t, s, 2, time.Hour); len(third) != 1 || third[0].ImageID != p.Images[2].ID {
		t.Fatalf("dispatched %+v, want the third", third)
	}
	if more := step(t, s, 2, time.Hour); len(more) != 0 {
		t.Errorf("dispatched what is out: %+v", more)
	}
	if got := read(t, s, p.ID); got.Revision != 1 || got.Version != 1 {
		t.Errorf("dispatch has made it revision %d, version %d", got.Revision, got.Version)
	}
}

// testLostMessages: what no one begins in time is dispatched again, and the first
// message is good for nothing.
func testLostMessages(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg")
	first := step(t, s, 2, time.Millisecond)
	var again []media.Job
	until(t, "the first two are dispatched again", func() bool {
		again = append(again, step(t, s, 2, time.Hour)...)
		return len(again) > 1
	})
	if len(first) != 2 || len(again) != 2 || without(again[0]) != without(first[0]) || without(again[1]) != without(first[1]) || again[0].Token == first[0].Token {
		t.Fatalf("dispatched %+v, and again %+v", first, again)
	}
	_, err := s.Begin(t.Context(), first[0], time.Minute)
	wantKind(t, err, fault.Conflict)
	if c, err := s.Begin(t.Context(), again[0], time.Minute); err != nil || c.Attempt != 1 {
		t.Errorf("begun as %+v, %v", c, err)
	}
	if got := read(t, s, p.ID); got.Revision != 1 || got.Version != 1 {
		t.Errorf("dispatch and begin have made it revision %d, version %d", got.Revision, got.Version)
	}
}

// testReturnedJobs: what could not be published is in line at its rank again,
// or later, and what was begun meanwhile is left alone.
func testReturnedJobs(t *testing.T, s Store) {
	t.Helper()
	create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	out := step(t, s, 2, time.Hour)
	give := func(delay time.Duration, jobs ...media.Job) {
		t.Helper()
		if err := s.ReturnJobs(t.Context(), jobs, delay); err != nil {
			t.Fatal(err)
		}
	}
	give(0, out...)
	var again []media.Job
	until(t, "they are dispatched again", func() bool { again = append(again, step(t, s, 2, time.Hour)...); return len(again) > 1 })
	if len(again) != 2 || without(again[0]) != without(out[0]) || without(again[1]) != without(out[1]) {
		t.Fatalf("returned %+v, then %+v", out, again)
	}
	give(0, out...) // of a dispatch that is over
	begin(t, s, again[0])
	give(0, again[0]) // begun
	give(time.Hour, again[1])
	rest := step(t, s, 10, time.Hour)
	if len(rest) != 1 || rest[0].ImageID == out[0].ImageID || rest[0].ImageID == out[1].ImageID {
		t.Fatalf("dispatched %+v, want the third", rest)
	}
	give(time.Millisecond, rest[0])
	until(t, "the rescheduled one is due", func() bool {
		late := step(t, s, 10, time.Hour)
		return len(late) == 1 && without(late[0]) == without(rest[0])
	})
}

// testDispatchRaces: any number of dispatchers give each image out once, and
// never more than there is room for.
func testDispatchRaces(t *testing.T, s Store) {
	t.Helper()
	const n, room = 60, 7
	for i := range n / 10 {
		urls := make([]string, 10)
		for j := range urls {
			urls[j] = fmt.Sprintf("http://a/%d/%d.jpg", i, j)
		}
		create(t, s, urls...)
	}
	var begun, out atomic.Int64
	var racing sync.WaitGroup
	for range 4 {
		racing.Go(func() {
			for begun.Load() < n && !t.Failed() {
				request, plan := dispatch.Single(time.Hour, room, room)
				taken, err := s.DispatchStep(t.Context(), request, plan)
				if err != nil {
					t.Error(err)
				}
				if now := out.Add(int64(len(taken.Jobs))); now > room {
					t.Errorf("%d are out, there is room for %d", now, room)
				}
				for _, j := range taken.Jobs {
					out.Add(-1) // before another dispatcher can know
					if _, err := s.Begin(t.Context(), j, time.Hour); err != nil {
						t.Errorf("image %d was dispatched twice: %v", j.ImageID, err)
					}
					begun.Add(1)
				}
			}
		})
	}
	racing.Wait()
	if begun.Load() != n || len(jobs(t, s)) != 0 {
		t.Errorf("%d images were begun, want %d", begun.Load(), n)
	}
}

// testLongLine: more is due than a step looks at; who comes then is among the next.
func testLongLine(t *testing.T, s Store) {
	t.Helper()
	for range 50 {
		createFor(t, s, user, 20)
	}
	seen := map[int64]bool{}
	take := func(room int) (list []media.Job) {
		list = step(t, s, room, time.Hour)
		for _, j := range list {
			if seen[j.ImageID] {
				t.Errorf("image %d was dispatched twice", j.ImageID)
			}
			seen[j.ImageID] = true
		}
		return list
	}
	take(5)
	late := createFor(t, s, MoreUsers()[0], 1)
	next := take(2)
	if !slices.ContainsFunc(next, func(j media.Job) bool { return j.ProductID == late.ID }) {
		t.Errorf("who came late is not among the next: %+v", next)
	}
	for more := true; more; more = len(take(dispatch.LineWindow)) > 0 {
		continue
	}
	if len(seen) != 1001 {
		t.Errorf("%d images were dispatched, want 1001", len(seen))
	}
}

// testWake: whatever makes an image due, or changes a product, wakes dispatchers and readers.
func testWake(t *testing.T, s Store) {
	t.Helper()
	readers, dispatcher := s.Wake(t.Context()), s.WakeOwn(t.Context())
	wakes := func(what string, do func() error) {
		t.Helper()
		for _, woken := range []<-chan struct{}{readers, dispatcher} { // what came before
			select {
			case <-woken:
			default:
			}
		}
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for who, woken := range map[string]<-chan struct{}{"reader": readers, "dispatcher of this process": dispatcher} {
			select {
			case <-woken:
			case <-time.After(20 * time.Second):
				t.Fatalf("%s woke no %s", what, who)
			}
		}
	}
	var p catalog.Product
	for range 3 {
		wakes("create", func() error { p = create(t, s, "http://a/1.jpg"); return nil })
	}
	failure := fault.Fail(fault.SourceUnreachable, "503", nil)
	var claim media.Claim
	begin := func() {
		t.Helper()
		list := jobs(t, s) // of p, which was created last
		var err error
		if claim, err = s.Begin(t.Context(), list[len(list)-1], time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	begin()
	wakes("retry", func() error { _, err := s.Retry(t.Context(), claim, failure, 0); return err })
	begin()
	wakes("fail", func() error { _, err := s.Fail(t.Context(), claim, failure); return err })
	wakes("replay", func() error {
		_, _, err := s.ReplayImages(t.Context(), []int64{claim.ImageID}, "req-2")
		return err
	})
	wakes("delete", func() error { _, err := s.DeleteProduct(t.Context(), p.ID, Unchecked); return err })
	wakes("downloads", func() error {
		return s.Heartbeat(t.Context(), processes.Process{ID: "one", Role: "worker", Fetched: []processes.Fetched{{Image: 1, Token: 1}}})
	})
}

// testEverythingAtOnce changes, works on and deletes the same products from
// many sides: nothing deadlocks, and every error is one that was promised.
func testEverythingAtOnce(t *testing.T, s Store) {
	t.Helper()
	products := make([]catalog.Product, 4)
	for i := range products {
		products[i] = create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	}
	var completed atomic.Int32
	check := func(err error) bool {
		switch fault.KindOf(err) {
		case fault.Conflict, fault.Stale, fault.NotFound:
			return false
		default:
			if err != nil {
				t.Error(err)
			}
			return err == nil
		}
	}
	var busy sync.WaitGroup
	for _, job := range jobs(t, s) {
		for range 2 {
			busy.Go(func() {
				c, err := s.Begin(t.Context(), job, time.Minute)
				if !check(err) {
					return
				}
				if _, err = s.Complete(t.Context(), c, rendition(fmt.Sprintf("k%d", job.ImageID)), noReport); check(err) {
					completed.Add(1)
				}
			})
		}
	}
	for i, p := range products {
		for round := range 5 {
			busy.Go(func() {
				_, err := s.ReviseProduct(t.Context(), p.ID, func(now catalog.Product) (catalog.Revision, error) {
					r := revision(now)
					r.Name = fmt.Sprintf("round %d", round)
					if len(r.Images) > 1 {
						r.Images = r.Images[1:]
					}
					return r, nil
				})
				check(err)
			})
		}
		if i%2 == 1 {
			busy.Go(func() {
				_, err := s.DeleteProduct(t.Context(), p.ID, Unchecked)
				check(err)
			})
		}
	}
	busy.Wait()
	for i, p := range products {
		got, err := s.Product(t.Context(), p.ID)
		if deleted := i%2 == 1; deleted != (fault.KindOf(err) == fault.NotFound) {
			t.Errorf("product %d: %v", i, err)
			continue
		}
		for _, img := range got.Images {
			if img.Status == catalog.Processing {
				t.Errorf("product %d: an image is stuck: %+v", i, img)
			}
		}
	}
	t.Logf("%d images completed", completed.Load())
}
