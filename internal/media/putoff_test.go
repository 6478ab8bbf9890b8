package media_test

import (
	"context"
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

func TestJobsOfADeadHostArePutOff(t *testing.T) {
	t.Parallel()
	refused := fault.Fail(fault.SourceUnreachable, "Refused.", nil)
	fetches := 0
	b := setup(t, &fakeWork{fetch: func(context.Context, string) ([]byte, error) { fetches++; return nil, refused }},
		"http://a/1", "http://a/2", "http://a/3", "http://a/4", "http://a/5", "http://a/6", "http://a/7")
	for i := range int64(6) {
		if err := b.worker.Handle(t.Context(), jobAt(i+1, "a")); err != nil {
			t.Fatal(err)
		}
	}
	if img := b.store.image(6); fetches != 5 || img.attempt != 0 || img.deferred != 1 || img.status != catalog.Pending {
		t.Errorf("after %d fetches the sixth is %+v", fetches, img)
	}
	b.store.set(func(*fakeImage) { b.store.images[7].age = 7 * time.Hour })
	if err := b.worker.Handle(t.Context(), jobAt(7, "a")); err != nil {
		t.Fatal(err)
	}
	if img := b.store.image(7); img.status != catalog.Failed || img.failure != refused || img.attempt != 0 {
		t.Errorf("the old one is %+v", img)
	}
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
			if img := b.store.image(i + 1); img.deferred != 0 || img.attempt != 1 {
				t.Errorf("image %d is %+v", i+1, img)
			}
		}
		close(release)
		synctest.Wait()
	})
}
