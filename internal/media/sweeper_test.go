package media_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
)

func TestSweeperRunsUntilStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, heard := newFakeStore("http://a/1.jpg"), &announcements{}
		store.set(func(img *fakeImage) { img.status = catalog.Processing })
		s := media.NewSweeper(store, heard, media.DefaultSweeperConfig(), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		if img := store.image(1); img.status != catalog.Pending || len(heard.seen) != 1 {
			t.Errorf("image is %s, announced %v", img.status, heard.seen)
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
