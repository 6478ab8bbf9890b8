package storetest

import (
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

func timeout() *fault.Failure { return fault.Fail(fault.SourceTimeout, "The host was too slow.", nil) }

func testBeginOnce(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg")
	job := jobs(t, s)[0]
	var won, lost atomic.Int32
	var racing sync.WaitGroup
	for range 8 {
		racing.Go(func() {
			c, err := s.Begin(t.Context(), job, time.Minute)
			switch {
			case err == nil:
				won.Add(1)
				if c.Age < 0 || c.Age > time.Minute {
					t.Errorf("an image just created is %s old", c.Age)
				}
				if job.Host != "a" || c.Job != job || c.Attempt != 1 || c.SourceURL != "http://a/1.jpg" || c.UserID != user {
					t.Errorf("claim is %+v", c)
				}
			case fault.KindOf(err) == fault.Conflict:
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	racing.Wait()
	if won.Load() != 1 || lost.Load() != 7 {
		t.Errorf("%d began the image, %d were refused", won.Load(), lost.Load())
	}
	got := read(t, s, p.ID)
	if got.Revision != 1 || got.Images[0].Status != catalog.Processing || got.Images[0].Attempts != 1 {
		t.Errorf("product is %+v", got)
	}
	for _, wrong := range []media.Job{
		{ImageID: job.ImageID, ProductID: job.ProductID + 1, Generation: 1, Token: job.Token},
		{ImageID: job.ImageID + 1, ProductID: job.ProductID, Generation: 1, Token: job.Token},
		{ImageID: job.ImageID, ProductID: job.ProductID, Generation: 2, Token: job.Token},
		{ImageID: job.ImageID, ProductID: job.ProductID, Generation: 1, Token: job.Token + 1},
	} {
		_, err := s.Begin(t.Context(), wrong, time.Minute)
		wantKind(t, err, fault.Conflict)
	}
}

func testComplete(t *testing.T, s Store) {
	t.Helper()
	c := claim(t, s, time.Minute)
	want := rendition("aa11")
	_, err := s.Rendition(t.Context(), want.Key)
	wantKind(t, err, fault.NotFound)
	changed, err := s.Complete(t.Context(), c, want, noReport)
	if err != nil || changed.Revision != 2 {
		t.Fatalf("complete returned %+v, %v", changed, err)
	}
	img := read(t, s, c.ProductID).Images[0]
	if img.Status != catalog.Ready || img.Problem != nil || !reflect.DeepEqual(*img.Rendition, want) {
		t.Errorf("image is %+v with %+v", img, img.Rendition)
	}
	if got, err := s.Rendition(t.Context(), want.Key); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("rendition is %+v, %v", got, err)
	}
	_, err = s.Complete(t.Context(), c, want, noReport)
	wantKind(t, err, fault.Conflict)

	second := claim(t, s, time.Minute) // another image of the same content
	if _, err := s.Complete(t.Context(), second, want, noReport); err != nil {
		t.Errorf("the same rendition for another image: %v", err)
	}
}

func testRetry(t *testing.T, s Store) {
	t.Helper()
	c := claim(t, s, time.Minute)
	const delay = 300 * time.Millisecond
	if _, err := s.Retry(t.Context(), c, timeout(), delay); err != nil {
		t.Fatal(err)
	}
	img := read(t, s, c.ProductID).Images[0]
	if img.Status != catalog.Pending || img.Attempts != 1 || img.Problem == nil || img.Problem.Reason != fault.SourceTimeout ||
		img.Problem.Detail != "The host was too slow." {
		t.Errorf("image is %+v with %+v", img, img.Problem)
	}
	_, err := s.Begin(t.Context(), c.Job, time.Minute)
	wantKind(t, err, fault.Conflict) // too early
	var due []media.Job
	until(t, "the job is due again", func() bool { due = jobs(t, s); return len(due) > 0 })
	want := without(c.Job)
	if len(due) != 1 || without(due[0]) != want {
		t.Errorf("due jobs are %+v", due)
	}
	again, err := s.Begin(t.Context(), due[0], time.Minute)
	if err != nil || again.Attempt != 2 {
		t.Fatalf("second attempt is %+v, %v", again, err)
	}
	if _, err := s.Complete(t.Context(), again, rendition("bb22"), noReport); err != nil {
		t.Fatal(err)
	}
	if img := read(t, s, c.ProductID).Images[0]; img.Problem != nil {
		t.Errorf("a ready image still has the problem %+v", img.Problem)
	}
}

func testFail(t *testing.T, s Store) {
	t.Helper()
	c := claim(t, s, time.Minute)
	if _, err := s.Fail(t.Context(), c, timeout()); err != nil {
		t.Fatal(err)
	}
	img := read(t, s, c.ProductID).Images[0]
	if img.Status != catalog.Failed || img.Problem == nil || img.Problem.Reason != fault.SourceTimeout {
		t.Errorf("image is %+v", img)
	}
	wantFailed(t, s, read(t, s, c.ProductID), c.ImageID, 1)
	if list := jobs(t, s); len(list) != 0 {
		t.Errorf("a failed image is still queued: %+v", list)
	}
	_, err := s.Begin(t.Context(), c.Job, time.Minute)
	wantKind(t, err, fault.Conflict)
}

// testFencing gives an image to a second worker: the first can write nothing.
func testFencing(t *testing.T, s Store) {
	t.Helper()
	old := claim(t, s, time.Millisecond)
	sweepOne(t, s)
	fresh, err := s.Begin(t.Context(), jobs(t, s)[0], time.Minute)
	if err != nil || fresh.Attempt != 2 {
		t.Fatalf("second claim is %+v, %v", fresh, err)
	}
	before := read(t, s, old.ProductID)
	_, err = s.Complete(t.Context(), old, rendition("old"), noReport)
	wantKind(t, err, fault.Conflict)
	_, err = s.Retry(t.Context(), old, timeout(), 0)
	wantKind(t, err, fault.Conflict)
	_, err = s.Fail(t.Context(), old, timeout())
	wantKind(t, err, fault.Conflict)
	wantKind(t, s.Renew(t.Context(), old, time.Minute), fault.Conflict)
	if after := read(t, s, old.ProductID); !reflect.DeepEqual(before, after) {
		t.Errorf("the product went from %+v to %+v", before, after)
	}
	if _, err = s.Rendition(t.Context(), "old"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a rendition was left behind: %v", err)
	}
	if err := s.Renew(t.Context(), fresh, time.Minute); err != nil {
		t.Error(err)
	}
	if _, err := s.DeleteProduct(t.Context(), old.ProductID, Unchecked); err != nil {
		t.Fatal(err)
	}
	_, err = s.Complete(t.Context(), fresh, rendition("deleted"), noReport)
	wantKind(t, err, fault.Conflict)
}

func testLostDelivery(t *testing.T, s Store) {
	t.Helper()
	create(t, s, "http://a/1.jpg")
	job := jobs(t, s)[0]
	lost := fault.Fail(fault.WorkerLost, "Given up.", nil)
	for attempt := 1; attempt < 3; attempt++ {
		if _, err := s.CountLostDelivery(t.Context(), job, lost, losses(0)); err != nil {
			t.Fatal(err)
		}
		img := read(t, s, job.ProductID).Images[0]
		list := jobs(t, s)
		if img.Status != catalog.Pending || img.Attempts != attempt || len(list) != 1 {
			t.Fatalf("after lost delivery %d the image is %+v", attempt, img)
		}
		job = list[0]
	}
	if _, err := s.CountLostDelivery(t.Context(), job, lost, losses(0)); err != nil {
		t.Fatal(err)
	}
	img := read(t, s, job.ProductID).Images[0]
	if img.Status != catalog.Failed || img.Problem.Reason != fault.WorkerLost || len(jobs(t, s)) != 0 {
		t.Errorf("after the last lost delivery the image is %+v", img)
	}
	wantFailed(t, s, read(t, s, job.ProductID), job.ImageID, 1)
	_, err := s.CountLostDelivery(t.Context(), job, lost, losses(0))
	wantKind(t, err, fault.Conflict)
}

// testLostDeliveryTwice delivers a message of the dead-letter queue twice, as queues may: it counts once.
func testLostDeliveryTwice(t *testing.T, s Store) {
	t.Helper()
	create(t, s, "http://a/1.jpg")
	job := jobs(t, s)[0]
	if _, err := s.CountLostDelivery(t.Context(), job, timeout(), losses(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, err := s.CountLostDelivery(t.Context(), job, timeout(), losses(time.Minute))
	wantKind(t, err, fault.Conflict)
	if img := read(t, s, job.ProductID).Images[0]; img.Status != catalog.Pending || img.Attempts != 1 {
		t.Errorf("image is %+v", img)
	}
}

// noReport is what most completions have to report of other images.
func noReport() *processes.Report { return nil }

func rendition(key string) catalog.Rendition {
	return catalog.Rendition{
		Key: key, SourceBytes: 123456, Width: 4000, Height: 3000, Placeholder: "data:image/webp;base64,AA==",
		Compressed: catalog.Output{Key: key + "/compressed.jpeg", Format: "jpeg", Width: 2048, Height: 1536, Bytes: 999},
		Variants:   []catalog.Output{{Key: key + "/w320.webp", Format: "webp", Width: 320, Height: 240, Bytes: 99}},
		Notes:      []catalog.Note{catalog.FirstFrameOnly, catalog.FirstPageOnly},
	}
}
