package media_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/queue/inprocess"
)

// TestWaitsCostNoAttempt: an image that waits for a process, and one that waits for
// it because its content is the same, wait longer than an attempt may take.
func TestWaitsCostNoAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := media.DefaultWorkerConfig(64, 1).JobTimeout
		b := setup(t, &fakeWork{
			fetch: func(context.Context, string) ([]byte, error) { return []byte("the same"), nil },
			render: func(ctx context.Context, _ []byte) (media.Rendered, error) {
				resume := media.PauseClock(ctx)
				time.Sleep(3 * limit)
				resume()
				return media.Rendered{Compressed: media.Encoded{Format: "jpeg", Body: []byte("x")}}, ctx.Err()
			},
		}, "http://a/1.jpg", "http://b/1.jpg")
		ended := make(chan error)
		for i := range int64(2) {
			go func() { ended <- b.worker.Handle(t.Context(), jobFor(i+1)) }()
		}
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		for i := range int64(2) {
			if img := b.store.image(i + 1); img.status != catalog.Ready || img.renewed < 10 {
				t.Errorf("image %d is %s for %v, its lease was renewed %d times", i+1, img.status, img.failure, img.renewed)
			}
		}
	})
}

// TestSlotsAreForDownloads: a consumer with one slot downloads the next image while
// the last is rendered, until so many wait that their user has to.
func TestSlotsAreForDownloads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const images = 100
		urls := make([]string, images)
		for i := range urls {
			urls[i] = fmt.Sprintf("http://a/%d.jpg", i)
		}
		release := make(chan struct{})
		fetched := 0
		b := setup(t, &fakeWork{
			fetch: func(_ context.Context, url string) ([]byte, error) {
				fetched++
				return []byte(url), nil
			},
			render: func(context.Context, []byte) (media.Rendered, error) {
				<-release
				return media.Rendered{Compressed: media.Encoded{Format: "jpeg", Body: []byte("x")}}, nil
			},
		}, urls...)
		q := queue.New(inprocess.New(1), time.Minute, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- q.Consume(ctx, 1, b.worker.Handle) }()
		go func() {
			for i := range int64(images) {
				if err := q.Publish(ctx, jobFor(i+1)); err != nil {
					t.Error(err)
				}
			}
		}()
		synctest.Wait()
		backlog := media.DefaultWorkerConfig(64, 2).Backlog
		if fetched != backlog+1 {
			t.Errorf("%d were downloaded while none is done, want %d and one that waits", fetched, backlog)
		}
		list := downloaded(b.worker)
		released := 0
		for _, f := range list {
			if f.Released {
				released++
			}
		}
		if len(list) != backlog+1 || released != backlog {
			t.Errorf("%d are said to be downloaded, %d of them without a slot; want %d and %d", len(list), released, backlog+1, backlog)
		}
		close(release)
		synctest.Wait()
		if fetched != images {
			t.Errorf("%d of %d were downloaded", fetched, images)
		}
		if list := downloaded(b.worker); len(list) != 0 {
			t.Errorf("%v are said to be downloaded, and all are done", list)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for i := range int64(images) {
			if img := b.store.image(i + 1); img.status != catalog.Ready || img.attempt != 1 {
				t.Errorf("image %d is %s after %d attempts", i+1, img.status, img.attempt)
			}
		}
	})
}

// downloaded is what the worker says of its downloads.
func downloaded(w *media.Worker) (list []processes.Fetched) {
	_ = w.WriteFetched(func(all []processes.Fetched) error {
		list = all
		return nil
	})
	return list
}
