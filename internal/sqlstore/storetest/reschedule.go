package storetest

import (
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

func testReschedule(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg")
	job := jobs(t, s)[0]
	put := func(delay, maxAge time.Duration) {
		t.Helper()
		if expired, err := s.Reschedule(t.Context(), job, delay, maxAge); err != nil || expired {
			t.Fatalf("rescheduled: expired %t, %v", expired, err)
		}
	}
	again := func() {
		t.Helper()
		before := job
		until(t, "the job is due", func() bool {
			list := jobs(t, s)
			if len(list) > 0 {
				job = list[0]
			}
			return len(list) > 0
		})
		if without(job) != without(before) || job.Token == before.Token {
			t.Errorf("the next job is %+v", job)
		}
	}
	put(2*time.Second, 0)
	_, err := s.Reschedule(t.Context(), job, 0, 0)
	wantKind(t, err, fault.Conflict) // delivered twice: it keeps its time
	if early := jobs(t, s); len(early) != 0 {
		t.Errorf("due at once: %+v", early)
	}
	again()
	if after := read(t, s, p.ID); !reflect.DeepEqual(after, p) {
		t.Errorf("the product went from %+v to %+v", p, after)
	}
	put(time.Hour, 5*time.Second) // due when it is too old, not in an hour
	again()
	if expired, err := s.Reschedule(t.Context(), job, time.Hour, 5*time.Second); err != nil || !expired {
		t.Errorf("of an old image: expired %t, %v", expired, err)
	}

	c, err := s.Begin(t.Context(), job, time.Minute)
	if err != nil || c.Attempt != 1 {
		t.Fatalf("claim is %+v, %v", c, err)
	}
	_, err = s.Reschedule(t.Context(), job, 0, 0)
	wantKind(t, err, fault.Conflict) // it is being worked on
	if _, err := s.Retry(t.Context(), c, timeout(), time.Hour); err != nil {
		t.Fatal(err)
	}
	_, err = s.Reschedule(t.Context(), job, 0, 0)
	wantKind(t, err, fault.Conflict) // a later message is there
	if list := jobs(t, s); len(list) != 0 {
		t.Errorf("due jobs are %+v", list)
	}
}

func testExpire(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://b/3.jpg", "http://a/4.jpg", "http://a/5.jpg")
	list := jobs(t, s)
	retried, err := s.Begin(t.Context(), list[4], time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Retry(t.Context(), retried, timeout(), time.Hour); err != nil {
		t.Fatal(err)
	}
	_, err = s.Expire(t.Context(), list[0], time.Hour, timeout(), 10)
	wantKind(t, err, fault.Conflict) // they are not so old
	revision := read(t, s, p.ID).Revision
	changed, err := s.Expire(t.Context(), list[0], 0, timeout(), 1)
	if err != nil || len(changed) != 1 || changed[0].Revision != revision+1 || changed[0].ProductID != p.ID {
		t.Fatalf("changes are %+v, %v", changed, err)
	}
	statuses := func() (failed []bool) {
		for _, img := range read(t, s, p.ID).Images {
			failed = append(failed, img.Status == catalog.Failed)
		}
		return failed
	}
	if got := statuses(); !got[0] || got[1] == got[3] || got[2] || got[4] {
		t.Errorf("the job's image and one of its host were to fail: %v", got)
	}
	for range 2 { // the second finds none
		if _, err = s.Expire(t.Context(), list[0], 0, timeout(), 10); err != nil {
			break
		}
	}
	wantKind(t, err, fault.Conflict)
	if got := statuses(); !got[0] || !got[1] || got[2] || !got[3] || got[4] {
		t.Errorf("those of the host that wait for no retry were to fail: %v", got)
	}
	img := read(t, s, p.ID).Images[0]
	if img.Attempts != 0 || img.Problem == nil || img.Problem.Reason != fault.SourceTimeout {
		t.Errorf("image is %+v with %+v", img, img.Problem)
	}
	_, err = s.Reschedule(t.Context(), list[0], 0, 0)
	wantKind(t, err, fault.Conflict)
	wantFailed(t, s, p, list[0].ImageID, 3)
	_, done, err := s.ReplayImages(t.Context(), []int64{p.Images[0].ID, p.Images[1].ID, p.Images[3].ID}, "again")
	if err != nil || len(done) != 3 {
		t.Errorf("replayed %v, %v", done, err)
	}
}
