package media_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

func jobAt(image int64, host string) queue.Message {
	return queue.Message{ID: "1", Body: media.Job{ImageID: image, ProductID: 7, Generation: 1, Host: host}.Encode()}
}

// Images of a host that is down hold no slot. Where it has answered no one for
// as long as an image may wait, those that have waited so long fail with its
// reason, all with the first that comes.
func TestJobsOfADeadHostAreRescheduled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := fault.Fail(fault.SourceUnreachable, "Refused.", nil)
		fetches := 0
		b := setup(t, &fakeWork{fetch: func(context.Context, string) ([]byte, error) { fetches++; return nil, refused }},
			"http://a/1", "http://a/2", "http://a/3", "http://a/4", "http://a/5", "http://a/6", "http://a/7", "http://a/8", "http://b/9")
		handle := func(image int64) {
			t.Helper()
			if err := b.worker.Handle(t.Context(), jobAt(image, "a")); err != nil {
				t.Fatal(err)
			}
		}
		for i := range int64(6) {
			handle(i + 1)
		}
		if img := b.store.image(6); fetches != 5 || img.attempt != 0 || img.rescheduled != 1 || img.status != catalog.Pending {
			t.Errorf("after %d fetches the sixth is %+v", fetches, img)
		}
		b.store.set(func(*fakeImage) {
			for _, i := range []int64{7, 8, 9} {
				b.store.images[i].age = 7 * time.Hour
			}
		})
		handle(7)
		if img := b.store.image(7); img.status != catalog.Pending || img.rescheduled != 1 {
			t.Errorf("the host fails since a moment only, and an old image is %+v", img)
		}
		time.Sleep(7 * time.Hour)
		for i := range int64(7) { // what is let in is the probe, and opens the breaker again
			handle(i + 1)
		}
		for image, want := range map[int64]catalog.Status{6: catalog.Pending, 7: catalog.Failed, 8: catalog.Failed, 9: catalog.Pending} {
			if img := b.store.image(image); img.status != want || img.attempt != 0 {
				t.Errorf("image %d is %+v, want %s", image, img, want)
			}
		}
		if img := b.store.image(8); img.failure != refused {
			t.Errorf("it failed for %v", img.failure)
		}
	})
}

// importOf drives so many images of one host through a worker, in their order,
// each when it is due, until all have ended or the time is over, and returns how long those
// took that became ready.
func importOf(t *testing.T, b *bench, images int, limit time.Duration) (ready map[int64]time.Duration) {
	t.Helper()
	start := time.Now()
	ready = map[int64]time.Duration{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range int64(images) {
		wait.Go(func() {
			time.Sleep(time.Duration(i) * 10 * time.Millisecond)
			tried := false
			for time.Since(start) < limit {
				slots <- struct{}{}
				job := media.Job{ImageID: i + 1, ProductID: 7, Generation: 1, Host: "a", Tried: tried}
				err := b.worker.Handle(t.Context(), queue.Message{ID: "1", Body: job.Encode()})
				<-slots
				img := b.store.image(i + 1)
				if err != nil || img.status == catalog.Failed {
					return
				}
				if img.status == catalog.Ready {
					mu.Lock()
					ready[i+1] = time.Since(start)
					mu.Unlock()
					return
				}
				tried = img.attempt > 0
				time.Sleep(img.delay)
				b.store.grow(i+1, time.Since(start))
			}
		})
	}
	wait.Wait()
	return ready
}

// Fifteen URLs of a host fail for ever; they are first in line, and nothing was
// fetched from the host before. Its good pictures are ready soon all the same,
// and none of them fails.
func TestFailingURLsDoNotStopTheirHost(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]fault.Failure{
		"status 500":     {Reason: fault.SourceUnreachable, Blame: fault.BlameEither},
		"too much to do": {Reason: fault.SourceUnreachable, RetryAfter: 30 * time.Second, Blame: fault.BlameEither},
		"not yet":        {Reason: fault.SourceUnreachable, RetryAfter: time.Hour, Blame: fault.BlameURL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const bad, good = 15, 5
				var sources []string
				for i := range bad + good {
					sources = append(sources, fmt.Sprintf("http://a/%d", i+1))
				}
				b := setup(t, &fakeWork{fetch: func(_ context.Context, url string) ([]byte, error) {
					time.Sleep(100 * time.Millisecond)
					if slices.Index(sources, url) < bad {
						return nil, &failure
					}
					return []byte(url), nil
				}}, sources...)
				ready := importOf(t, b, bad+good, time.Hour)
				if len(ready) != good {
					t.Fatalf("%d are ready, want %d", len(ready), good)
				}
				last := slices.Max(slices.Collect(maps.Values(ready)))
				t.Logf("the last good picture is ready after %s", last)
				if last > 5*time.Minute {
					t.Errorf("the last good picture is ready after %s", last)
				}
			})
		})
	}
}

// A host that hangs is asked now and then, by one fetch at a time.
func TestHangingHostHoldsNoSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var busy atomic.Int64
		b := setup(t, &fakeWork{fetch: func(context.Context, string) ([]byte, error) {
			start := time.Now()
			time.Sleep(30 * time.Second)
			busy.Add(int64(time.Since(start)))
			return nil, fault.Fail(fault.SourceTimeout, "Slow.", nil)
		}})
		const images, hours = 500, 4
		for i := range int64(images) {
			b.store.images[i+1] = &fakeImage{url: fmt.Sprintf("http://a/%d", i), generation: 1, status: catalog.Pending}
		}
		importOf(t, b, images, hours*time.Hour)
		if share := time.Duration(busy.Load()).Hours() / hours; share > 0.15 {
			t.Errorf("%.2f slots of 8 are busy with it, on average", share)
		}
	})
}

// The slot of a host is for the fetch, not for what is made of it.
func TestRenderingHoldsNoSlotOfTheHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := setup(t, &fakeWork{render: func(context.Context, []byte) (media.Rendered, error) {
			<-release
			return media.Rendered{}, nil
		}}, "http://a/1", "http://a/2", "http://a/3", "http://a/4", "http://a/5", "http://a/6", "http://a/7", "http://a/8")
		for i := range int64(8) {
			go func() { _ = b.worker.Handle(t.Context(), jobAt(i+1, "a")) }()
			synctest.Wait()
		}
		for i := range int64(8) {
			if img := b.store.image(i + 1); img.rescheduled != 0 || img.attempt != 1 {
				t.Errorf("image %d is %+v", i+1, img)
			}
		}
		close(release)
		synctest.Wait()
	})
}
