package media_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

// reporting has the worker report fetches until stop.
func reporting(t *testing.T, b *bench) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.worker.Report(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// refused is a fetch from a host that does not answer.
func refused(context.Context, string) ([]byte, error) {
	return nil, fault.Fail(fault.SourceUnreachable, "Refused.", nil)
}

// imageURLs are n URLs of a host.
func imageURLs(n int) []string {
	urls := make([]string, n)
	for i := range urls {
		urls[i] = "http://a/" + strconv.Itoa(i+1)
	}
	return urls
}

// TestFetchesAreReported: what fetches have shown of their hosts is written in
// batches, the first answer of a host at once, and what was given up is not.
func TestFetchesAreReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := fault.Fail(fault.SourceUnreachable, "Refused.", nil)
		b := setup(t, &fakeWork{}, "http://a/1", "http://a/2", "http://b/3", "http://b/4")
		const took = 10 * time.Millisecond
		b.fetch = func(_ context.Context, url string) ([]byte, error) {
			time.Sleep(took)
			switch url {
			case "http://a/2":
				return nil, refused
			case "http://b/4":
				return nil, errors.New("given up")
			}
			return []byte(url), nil
		}
		stop := reporting(t, b)
		for i := range int64(4) {
			host := "a"
			if i > 1 {
				host = "b"
			}
			m := queue.Message{ID: "1", Body: media.Job{ImageID: i + 1, ProductID: 7, Generation: 1, Host: host, Contact: i == 0}.Encode()}
			_ = b.worker.Handle(t.Context(), m) // the last one's outcome is none
			if first := b.patience > 0; first != (i == 0) {
				t.Errorf("image %d: patience %v", i+1, b.patience)
			}
		}
		time.Sleep(time.Minute)
		stop()
		got := b.store.fetches
		if len(got) != 2 || len(got[0]) != 1 || len(got[1]) != 2 {
			t.Fatalf("reported %+v, want a batch of one, and one of two", got)
		}
		first, second, third := got[0][0], got[1][0], got[1][1]
		if first.Host != "a" || first.Failure != nil || first.Took != took || second.Failure != refused || first.URL == second.URL || third.Host != "b" {
			t.Errorf("reported %+v", got)
		}
	})
}

// TestChangesOfHostsAreReportedSoon: a failure and the answer to a first contact change what is
// dispatched; how long one more fetch took can wait.
func TestChangesOfHostsAreReportedSoon(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		contact, fails bool
		soon           int
	}{
		"failure": {fails: true, soon: 1},
		"contact": {contact: true, soon: 1},
		"answer":  {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, &fakeWork{fetch: func(ctx context.Context, url string) ([]byte, error) {
					if c.fails {
						return refused(ctx, url)
					}
					return []byte("it"), nil
				}}, "http://a/1")
				stop := reporting(t, b)
				time.Sleep(media.ReportEvery + 50*time.Millisecond) // a turn with nothing to write is no batch
				m := queue.Message{ID: "1", Body: media.Job{ImageID: 1, ProductID: 7, Generation: 1, Host: "a", Contact: c.contact}.Encode()}
				if err := b.worker.Handle(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond)
				synctest.Wait()
				if n := b.store.batches(); n != c.soon {
					t.Errorf("%d batches at once, want %d", n, c.soon)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if n := b.store.batches(); n != 1 {
					t.Errorf("%d batches within a second, want 1", n)
				}
				stop()
			})
		})
	}
}

// TestManyChangesShareABatch: however many fetches fail, there are five batches a second, and none fails unreported.
func TestManyChangesShareABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const failures = 100
		b := setup(t, &fakeWork{fetch: refused}, imageURLs(failures)...)
		stop := reporting(t, b)
		for i := range int64(failures) {
			if err := b.worker.Handle(t.Context(), jobFor(i+1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		stop()
		reported := 0
		for _, batch := range b.store.fetches {
			reported += len(batch)
		}
		if batches := len(b.store.fetches); reported != failures || batches > 7 || batches < 5 {
			t.Errorf("%d failures in %d batches within a second", reported, batches)
		}
	})
}

// TestFailedContactIsRecordedFirst: that a host which is asked one at a time has failed is
// known before it is free for another image. Only a first attempt has less time.
func TestFailedContactIsRecordedFirst(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeWork{fetch: refused}, "http://a/1")
	failed := false
	b.store.recording = func() { failed = b.store.image(1).failure != nil }
	m := queue.Message{ID: "1", Body: media.Job{ImageID: 1, ProductID: 7, Generation: 1, Host: "a", Contact: true}.Encode()}
	for attempt := range 2 {
		b.store.set(func(img *fakeImage) { img.failure = nil })
		if err := b.worker.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if failed || b.store.batches() != attempt+1 || b.store.image(1).failure == nil {
			t.Errorf("attempt %d: the image had failed before: %v, %d batches were written", attempt+1, failed, b.store.batches())
		}
		if first := b.patience > 0; first != (attempt == 0) {
			t.Errorf("attempt %d: patience %v", attempt+1, b.patience)
		}
	}
}

// TestStoppedBesideAnOutage: failed contacts that a hanging database keeps from being recorded do not
// hold up the end of a worker that is stopped.
func TestStoppedBesideAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const contacts = 16
		b := setup(t, &fakeWork{fetch: refused}, imageURLs(contacts)...)
		b.store.hang = time.Hour
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		for i := range int64(contacts) {
			go func() {
				m := queue.Message{ID: "1", Body: media.Job{ImageID: i + 1, ProductID: 7, Generation: 1, Host: "a", Contact: true}.Encode()}
				_ = b.worker.Handle(ctx, m)
				ended <- struct{}{}
			}()
		}
		time.Sleep(time.Second)
		stop()
		stopped := time.Now()
		for range contacts {
			<-ended
		}
		if took := time.Since(stopped); took > time.Second {
			t.Errorf("the last handler has ended %s after the stop", took)
		}
	})
}

// TestReportsOutliveAnOutage: what cannot be written is written later.
func TestReportsOutliveAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, &fakeWork{}, "http://a/1")
		if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
			t.Fatal(err)
		}
		b.store.setDown(3)
		stop := reporting(t, b)
		time.Sleep(time.Minute)
		stop()
		if len(b.store.fetches) != 1 || len(b.store.fetches[0]) != 1 {
			t.Errorf("reported %+v", b.store.fetches)
		}
	})
}

// TestReportsInOrder: what could not be written is written before what has ended since,
// since a host is what its last fetch shows. Where it is too much, the oldest are lost.
func TestReportsInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const before, since, kept = 600, 500, 1000
		b := setup(t, &fakeWork{}, imageURLs(before+since)...)
		took := time.Duration(0)
		b.fetch = func(_ context.Context, url string) ([]byte, error) {
			took += time.Millisecond // tells which it is
			time.Sleep(took)
			return []byte(url), nil
		}
		handle := func(from, to int64) {
			for i := from; i <= to; i++ {
				if err := b.worker.Handle(t.Context(), jobFor(i)); err != nil {
					t.Error(err)
				}
			}
		}
		handle(1, before)
		b.store.recording = func() {
			b.store.recording = nil
			handle(before+1, before+since)
			b.store.setDown(1)
		}
		stop := reporting(t, b)
		time.Sleep(time.Hour)
		stop()
		if len(b.store.fetches) != 1 || len(b.store.fetches[0]) != kept {
			t.Fatalf("%d batches were written, want one of the last %d fetches", len(b.store.fetches), kept)
		}
		for i, f := range b.store.fetches[0] {
			if want := time.Duration(before+since-kept+i+1) * time.Millisecond; f.Took != want {
				t.Fatalf("fetch %d took %v, want %v", i, f.Took, want)
			}
		}
	})
}

// TestOurOwnOutagesAreNotTheHosts: where the results cannot be stored, or not be
// rendered, the host has answered all the same.
func TestOurOwnOutagesAreNotTheHosts(t *testing.T) {
	t.Parallel()
	for name, work := range map[string]*fakeWork{
		"storage": {put: func(string) error { return errors.New("no bucket") }},
		"renderer": {render: func(context.Context, []byte) (media.Rendered, error) {
			return media.Rendered{}, fault.Fail(fault.DecoderCrashed, "", nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, work, "http://a/1")
				if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
					t.Fatal(err)
				}
				if img := b.store.image(1); img.failure == nil {
					t.Fatalf("the image is %+v", img)
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := b.worker.Report(ctx); err != nil {
					t.Error(err)
				}
				if got := b.store.fetches; len(got) != 1 || len(got[0]) != 1 || got[0][0].Failure != nil {
					t.Errorf("reported %+v", got)
				}
			})
		})
	}
}
