package media_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// observed keeps how attempts ended.
type observed struct {
	mu   sync.Mutex
	list []string
}

func (o *observed) Attempted(_ context.Context, a media.Attempted) {
	o.mu.Lock()
	defer o.mu.Unlock()
	end := string(a.Outcome)
	if a.Failure != nil {
		end += " " + string(a.Failure.Reason)
	}
	o.list = append(o.list, end)
}

func (o *observed) outcomes() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.list)
}

func TestSweeperRunsUntilStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, heard := newFakeStore("http://a/1.jpg"), &announcements{}
		store.set(func(img *fakeImage) { img.status = catalog.Processing })
		seen := &observed{}
		s := media.NewSweeper(store, heard, seen, media.DefaultSweeperConfig(), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		if img := store.image(1); img.status != catalog.Pending || len(heard.seen) != 1 {
			t.Errorf("image is %s, announced %v", img.status, heard.seen)
		}
		if got := seen.outcomes(); !slices.Equal(got, []string{"retried worker_lost"}) {
			t.Errorf("the observer was told of %q", got)
		}
		store.set(func(img *fakeImage) { img.status = catalog.Processing })
		time.Sleep(media.DefaultSweeperConfig().Interval + time.Second)
		if img := store.image(1); img.status != catalog.Pending {
			t.Errorf("image is %s after the second sweep", img.status)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestSweepBesideAnError: what was recovered before an error is announced, all of it at once, and the observer is told.
func TestSweepBesideAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, heard, seen := newFakeStore("http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg"), &announcements{}, &observed{}
		for _, img := range store.images {
			img.status = catalog.Processing
		}
		store.sweepFails = errors.New("the fourth could not be recovered")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- media.NewSweeper(store, heard, seen, media.DefaultSweeperConfig(), slog.New(slog.DiscardHandler)).Run(ctx)
		}()
		synctest.Wait()
		if got := seen.outcomes(); len(heard.seen) != 3 || heard.calls != 1 || len(got) != 3 {
			t.Errorf("announced %v in %d calls, and the observer was told of %q", heard.seen, heard.calls, got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestSilentHosts: where a host has answered no one for as long as an image may
// wait, those that have waited so long for it fail as it did, and no others.
func TestSilentHosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, heard := newFakeStore("http://a/1.jpg", "http://a/2.jpg", "http://b/3.jpg"), &announcements{}
		policy := media.DefaultPolicy()
		for _, id := range []int64{1, 3} {
			store.images[id].age = policy.MaxAge
		}
		refused := fault.Fail(fault.SourceUnreachable, "Refused.", nil)
		store.silent, store.silentFor = []media.SilentHost{{Host: "a", Last: refused}}, policy.MaxAge-1
		s := media.NewSweeper(store, heard, nil, media.DefaultSweeperConfig(), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		if img := store.image(1); img.status != catalog.Pending {
			t.Errorf("the host is not silent for so long, and the image is %+v", img)
		}
		store.mu.Lock()
		store.silentFor = policy.MaxAge
		store.mu.Unlock()
		time.Sleep(media.DefaultSweeperConfig().Interval + time.Second)
		for id, want := range map[int64]catalog.Status{1: catalog.Failed, 2: catalog.Pending, 3: catalog.Pending} {
			if img := store.image(id); img.status != want {
				t.Errorf("image %d is %+v, want %s", id, img, want)
			}
		}
		if img := store.image(1); img.failure != refused || len(heard.seen) != 1 {
			t.Errorf("it failed for %v, announced %v", img.failure, heard.seen)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestForgetHosts: however many hosts are not used any more, all are forgotten. A
// failure is a WARN, but for an outage of the database, which others log.
func TestForgetHosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		store := newFakeStore()
		store.unused = 123_456
		s := media.NewSweeper(store, &announcements{}, nil, media.DefaultSweeperConfig(), slog.New(slog.NewTextHandler(&logged, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		later := func() {
			time.Sleep(2 * time.Minute)
			synctest.Wait()
		}
		synctest.Wait()
		if n := store.refuse(fault.New(fault.Unavailable, "an outage")); n != 0 {
			t.Errorf("%d hosts are left", n)
		}
		later()
		if lines := logged.String(); lines != "" {
			t.Errorf("logged:\n%s", lines)
		}
		store.refuse(errors.New("a defect"))
		later()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if lines := logged.String(); !strings.Contains(lines, "level=WARN") || !strings.Contains(lines, "a defect") {
			t.Errorf("logged:\n%s", lines)
		}
	})
}
