package media_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// TestOutageLongerThanTheJob makes the database unavailable for hours at every point of
// an attempt: it is the same attempt that ends ready.
func TestOutageLongerThanTheJob(t *testing.T) {
	t.Parallel()
	limit := media.DefaultWorkerConfig(64, 1).JobTimeout
	for name, work := range map[string]func(cut func()) *fakeWork{
		"before the look-up": func(cut func()) *fakeWork {
			return &fakeWork{fetch: func(context.Context, string) ([]byte, error) { cut(); return []byte("x"), nil }}
		},
		"before the completion": func(cut func()) *fakeWork { return &fakeWork{put: func(string) error { cut(); return nil }} },
		"late in the attempt": func(cut func()) *fakeWork {
			return &fakeWork{put: func(string) error { time.Sleep(limit / 3); cut(); return nil }} // two files
		},
		"before the failure is written": func(cut func()) *fakeWork {
			return &fakeWork{fetch: func(context.Context, string) ([]byte, error) {
				cut()
				return nil, fault.Fail(fault.SourceNotFound, "gone", nil)
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var b *bench
				cut := func() {
					b.store.setDown(1 << 30)
					time.AfterFunc(10*limit, func() { b.store.setDown(0) })
				}
				b = setup(t, work(cut), "http://a/1.jpg")
				began := time.Now()
				if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
					t.Fatal(err)
				}
				img := b.store.image(1)
				if img.attempt != 1 || (img.status != catalog.Ready && img.failure.Reason != fault.SourceNotFound) {
					t.Errorf("image is %s for %v after %d attempts", img.status, img.failure, img.attempt)
				}
				if took := time.Since(began); took < 10*limit {
					t.Errorf("ended after %s, while the database was unavailable", took)
				}
			})
		})
	}
}

// TestClockGoesOnAfterAnOutage: what the attempt had left before an outage is
// what it has after it.
func TestClockGoesOnAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := media.DefaultWorkerConfig(64, 1).JobTimeout
		var b *bench
		b = setup(t, &fakeWork{
			fetch: func(context.Context, string) ([]byte, error) {
				time.Sleep(limit / 2)
				b.store.setDown(1 << 30)
				time.AfterFunc(5*limit, func() { b.store.setDown(0) })
				return []byte("x"), nil
			},
			render: func(ctx context.Context, _ []byte) (media.Rendered, error) {
				<-ctx.Done()
				return media.Rendered{}, ctx.Err()
			},
		}, "http://a/1.jpg")
		began := time.Now()
		if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 6*limit || took > 6*limit+time.Minute {
			t.Errorf("ended after %s, want %s and a little", took, 6*limit)
		}
		if img := b.store.image(1); img.failure == nil || img.failure.Reason != fault.DecoderCrashed {
			t.Errorf("image is %s for %v", img.status, img.failure)
		}
	})
}

// TestLeaseIsRenewedRightAfterAnOutage: long before the sweeps take leases from
// anyone.
func TestLeaseIsRenewedRightAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := setup(t, &fakeWork{fetch: func(context.Context, string) ([]byte, error) { <-release; return []byte("x"), nil }}, "http://a/1.jpg")
		done := make(chan error)
		go func() { done <- b.worker.Handle(t.Context(), jobFor(1)) }()
		synctest.Wait()
		b.store.setDown(1 << 30)
		time.Sleep(5 * time.Minute)
		before := b.store.image(1).renewed
		b.store.setDown(0)
		time.Sleep(6 * time.Second)
		if renewed := b.store.image(1).renewed; renewed == before {
			t.Error("six seconds after the return of the database the lease was not renewed")
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestSweepAfterAnOutage: leases that ran out while the database was unavailable are
// left to those who hold them for a while, and then taken.
func TestSweepAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore("http://a/1.jpg")
		store.setDown(1 << 30)
		var log bytes.Buffer
		s := media.NewSweeper(store, &announcements{}, nil, media.DefaultSweeperConfig(), slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := strings.Count(log.String(), "sweep failed, will be retried"); n != 1 {
			t.Errorf("an outage of a minute is %d lines", n)
		}
		store.set(func(img *fakeImage) { img.status = catalog.Processing })
		store.setDown(0)
		time.Sleep(10 * time.Second)
		if img := store.image(1); img.status != catalog.Processing {
			t.Errorf("ten seconds after an outage the image was taken: %s", img.status)
		}
		time.Sleep(20 * time.Second)
		if img := store.image(1); img.status != catalog.Pending || img.failure.Reason != fault.WorkerLost {
			t.Errorf("an image whose worker died in an outage is %s for %v", img.status, img.failure)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
