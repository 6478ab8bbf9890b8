package media_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

type bench struct {
	*fakeWork
	*announcements
	*observed

	store  *fakeStore
	worker *media.Worker
}

func setup(t *testing.T, work *fakeWork, urls ...string) *bench {
	t.Helper()
	b := &bench{fakeWork: work, announcements: &announcements{}, observed: &observed{}, store: newFakeStore(urls...)}
	b.worker = media.NewWorker(media.Parts{
		Store: b.store, Fetcher: work, Spool: fakeSpool{}, Renderer: work, Blobs: work, Announce: b.announcements, Observe: b.observed, Log: slog.New(slog.DiscardHandler),
	}, media.DefaultWorkerConfig(64, 2))
	return b
}

func jobFor(image int64) queue.Message {
	return queue.Message{ID: "1", Body: media.Job{ImageID: image, ProductID: 7, Generation: 1}.Encode()}
}

func TestHandlePublishesAndCompletes(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeWork{}, "http://a/1.jpg")
	if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
		t.Fatal(err)
	}
	img := b.store.image(1)
	if img.status != catalog.Ready || img.attempt != 1 {
		t.Fatalf("image is %s after %d attempts, want ready after 1", img.status, img.attempt)
	}
	r := b.store.renditions[img.rendition]
	if string(b.objects[r.Compressed.Key]) != "small" || string(b.objects[r.Variants[0].Key]) != "tiny" {
		t.Errorf("objects %v do not hold what was rendered", b.objects)
	}
	if r.SourceBytes != int64(len("bytes of http://a/1.jpg")) || r.Width != 640 || r.Compressed.Bytes != 5 ||
		!slices.Equal(r.Notes, []catalog.Note{catalog.FirstFrameOnly}) {
		t.Errorf("rendition %+v does not describe the result", r)
	}
	if len(b.seen) != 1 {
		t.Errorf("announced %v, want the end", b.seen)
	}
}

func TestHandleOutcomes(t *testing.T) {
	t.Parallel()
	transient := &fault.Failure{Reason: fault.SourceUnreachable, Detail: "503", RetryAfter: 3 * time.Minute}
	tests := map[string]struct {
		work       *fakeWork
		attempts   int // before this one
		wantStatus catalog.Status
		wantReason fault.Reason
		wantDelay  time.Duration
	}{
		"permanent fails at once": {
			work: &fakeWork{fetch: func(context.Context, string) ([]byte, error) {
				return nil, fault.Fail(fault.SourceNotFound, "gone", nil)
			}},
			wantStatus: catalog.Failed, wantReason: fault.SourceNotFound,
		},
		"transient waits as the host asks": {
			work:       &fakeWork{fetch: func(context.Context, string) ([]byte, error) { return nil, transient }},
			wantStatus: catalog.Pending, wantReason: fault.SourceUnreachable, wantDelay: 3 * time.Minute,
		},
		"transient with the attempts spent fails": {
			work:       &fakeWork{fetch: func(context.Context, string) ([]byte, error) { return nil, transient }},
			attempts:   4,
			wantStatus: catalog.Failed, wantReason: fault.SourceUnreachable,
		},
		"corrupt picture fails": {
			work: &fakeWork{render: func(context.Context, []byte) (media.Rendered, error) {
				return media.Rendered{}, fault.Fail(fault.DecodeFailed, "truncated", nil)
			}},
			wantStatus: catalog.Failed, wantReason: fault.DecodeFailed,
		},
		"storage down is tried again": {
			work:       &fakeWork{put: func(string) error { return errors.New("connection refused") }},
			wantStatus: catalog.Pending, wantReason: fault.StorageUnavailable,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tt.work, "http://a/1.jpg")
			b.store.set(func(img *fakeImage) { img.attempt = tt.attempts })
			if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
				t.Fatalf("an outcome is no error of the message: %v", err)
			}
			img := b.store.image(1)
			if img.status != tt.wantStatus || img.failure == nil || img.failure.Reason != tt.wantReason {
				t.Fatalf("image is %s for %v, want %s for %s", img.status, img.failure, tt.wantStatus, tt.wantReason)
			}
			if img.delay < tt.wantDelay {
				t.Errorf("waits %s, want at least %s", img.delay, tt.wantDelay)
			}
		})
	}
}

// TestAFailureIsLoggedOnce at INFO and above, at the level of who can help.
func TestAFailureIsLoggedOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reason   fault.Reason
		attempts int // before this one
		want     string
	}{
		{fault.SourceUnreachable, 0, "level=WARN msg=\"image will be retried\""},
		{fault.SourceUnreachable, 4, "level=WARN msg=\"image failed\""},
		{fault.DecodeFailed, 0, "level=WARN msg=\"image failed\""},
		{fault.DecoderCrashed, 4, "level=ERROR msg=\"image failed\""},
	} {
		b := setup(t, &fakeWork{fetch: func(context.Context, string) ([]byte, error) {
			return nil, fault.Fail(tt.reason, "It failed.", nil)
		}}, "http://a/1.jpg")
		b.store.set(func(img *fakeImage) { img.attempt = tt.attempts })
		var log bytes.Buffer
		b.worker.Log = slog.New(slog.NewTextHandler(&log, nil))
		if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
			t.Fatal(err)
		}
		if lines := log.String(); strings.Count(lines, "\n") != 1 || !strings.Contains(lines, tt.want) {
			t.Errorf("%s after %d attempts: want one line with %s, got\n%s", tt.reason, tt.attempts, tt.want, lines)
		}
	}
}

func TestHandleLeavesAloneWhatIsNotWaiting(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*fakeImage){
		func(img *fakeImage) { img.status = catalog.Ready },
		func(img *fakeImage) { img.status = catalog.Processing },
		func(img *fakeImage) { img.generation = 2 },
	} {
		b := setup(t, &fakeWork{}, "http://a/1.jpg")
		b.store.set(change)
		before := b.store.image(1)
		if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
			t.Error(err)
		}
		if after := b.store.image(1); !reflect.DeepEqual(after, before) || b.renders != 0 { //nolint:govet // of failures the whole value counts
			t.Errorf("image went from %+v to %+v with %d renders", before, after, b.renders)
		}
	}
}

func TestHandleRejectsUnreadableMessages(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeWork{})
	for _, body := range []string{"", "{", `{"image_id":0,"product_id":1,"generation":1}`, `{"image_id":1e99}`, "[]"} {
		if err := b.worker.Handle(t.Context(), queue.Message{Body: []byte(body)}); !errors.Is(err, queue.ErrReject) {
			t.Errorf("body %q: error %v, want a rejection", body, err)
		}
		if err := b.worker.HandleDead(t.Context(), queue.Message{Body: []byte(body)}); err != nil {
			t.Errorf("dead body %q: %v", body, err)
		}
	}
}

func TestEqualContentIsRenderedOnce(t *testing.T) {
	t.Parallel()
	same := &fakeWork{fetch: func(context.Context, string) ([]byte, error) { return []byte("the same picture"), nil }}
	b := setup(t, same, "http://a/1.jpg", "http://b/2.jpg", "http://c/3.jpg")
	var running sync.WaitGroup
	for id := int64(1); id <= 3; id++ {
		running.Go(func() {
			if err := b.worker.Handle(t.Context(), jobFor(id)); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if b.renders != 1 {
		t.Errorf("rendered %d times, want once", b.renders)
	}
	for id := int64(1); id <= 3; id++ {
		if img := b.store.image(id); img.status != catalog.Ready || img.rendition != b.store.image(1).rendition {
			t.Errorf("image %d is %s with %q", id, img.status, img.rendition)
		}
	}
}

func TestHandleWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, &fakeWork{}, "http://a/1.jpg")
		b.store.down = 6
		if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
			t.Fatal(err)
		}
		if img := b.store.image(1); img.status != catalog.Ready || img.attempt != 1 {
			t.Errorf("image is %s after %d attempts, want ready after 1", img.status, img.attempt)
		}
	})
}

func TestHangingDecoderEndsTheAttemptOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, &fakeWork{render: func(ctx context.Context, _ []byte) (media.Rendered, error) {
			<-ctx.Done() // at which the sandbox kills the decoder
			return media.Rendered{}, ctx.Err()
		}}, "http://a/1.jpg")
		if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
			t.Fatal(err)
		}
		img := b.store.image(1)
		if img.status != catalog.Pending || img.failure.Reason != fault.DecoderCrashed {
			t.Errorf("image is %s for %v, want pending for decoder_crashed", img.status, img.failure)
		}
		if img.renewed < 20 {
			t.Errorf("lease renewed %d times in ten minutes, want every 20 seconds", img.renewed)
		}
	})
}

func TestSlowSourceEndsAtTheJobTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, &fakeWork{fetch: func(ctx context.Context, _ string) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}, "http://a/1.jpg")
		if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
			t.Fatal(err)
		}
		if img := b.store.image(1); img.failure == nil || img.failure.Reason != fault.DecoderCrashed {
			t.Errorf("image is %s for %v", img.status, img.failure)
		}
	})
}

func TestLostClaimWritesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, &fakeWork{fetch: func(ctx context.Context, _ string) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}, "http://a/1.jpg")
		done := make(chan error)
		go func() { done <- b.worker.Handle(t.Context(), jobFor(1)) }()
		synctest.Wait()
		b.store.set(func(img *fakeImage) { img.generation = 2; img.status = catalog.Pending })
		if err := <-done; err != nil {
			t.Fatalf("a superseded job is no error: %v", err)
		}
		if img := b.store.image(1); img.status != catalog.Pending || img.failure != nil || len(b.objects) != 0 {
			t.Errorf("image %+v was touched", img)
		}
	})
}

func TestShutdownReturnsTheMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, &fakeWork{fetch: func(ctx context.Context, _ string) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}, "http://a/1.jpg")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.worker.Handle(ctx, jobFor(1)) }()
		synctest.Wait()
		cancel()
		if err := <-done; err == nil {
			t.Error("an interrupted job must not acknowledge its message")
		}
		if img := b.store.image(1); img.status != catalog.Processing {
			t.Errorf("image is %s, want processing until its lease ends", img.status)
		}
	})
}

func TestHandleDeadCountsAnAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeWork{}, "http://a/1.jpg")
	for want := 1; want <= 5; want++ {
		if err := b.worker.HandleDead(t.Context(), jobFor(1)); err != nil {
			t.Fatal(err)
		}
		if img := b.store.image(1); img.attempt != want {
			t.Fatalf("%d attempts after %d dead letters", img.attempt, want)
		}
	}
	if img := b.store.image(1); img.status != catalog.Failed || img.failure.Reason != fault.WorkerLost {
		t.Errorf("image is %s for %v, want failed for worker_lost", img.status, img.failure)
	}
	if err := b.worker.HandleDead(t.Context(), jobFor(1)); err != nil {
		t.Errorf("a dead letter of a failed image: %v", err)
	}
	want := append(slices.Repeat([]string{"retried worker_lost"}, 4), "failed worker_lost")
	if got := b.outcomes(); !slices.Equal(got, want) {
		t.Errorf("the observer was told of %q, want %q", got, want)
	}
}
