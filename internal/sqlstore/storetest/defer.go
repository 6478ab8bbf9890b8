package storetest

import (
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

func testDefer(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg")
	job := jobs(t, s)[0]
	put := func(delay, maxAge time.Duration) {
		t.Helper()
		if expired, err := s.Defer(t.Context(), job, delay, maxAge); err != nil || expired {
			t.Fatalf("deferred: expired %t, %v", expired, err)
		}
	}
	put(300*time.Millisecond, 0)
	put(0, 0) // delivered twice: one message waits, and it keeps its time
	if early := jobs(t, s); len(early) != 0 {
		t.Errorf("due at once: %+v", early)
	}
	due := jobs(t, s)
	until(t, "the job is due", func() bool { due = append(due, jobs(t, s)...); return len(due) > 0 })
	if len(due) != 1 || due[0] != job {
		t.Errorf("due jobs are %+v", due)
	}
	if after := read(t, s, p.ID); !reflect.DeepEqual(after, p) {
		t.Errorf("the product went from %+v to %+v", p, after)
	}
	put(time.Hour, 3*time.Second) // due when it is too old, not in an hour
	until(t, "the job is due", func() bool { return len(jobs(t, s)) == 1 })
	if expired, err := s.Defer(t.Context(), job, time.Hour, 3*time.Second); err != nil || !expired {
		t.Errorf("of an old image: expired %t, %v", expired, err)
	}

	c, _, err := s.Begin(t.Context(), job, time.Minute)
	if err != nil || c.Attempt != 1 {
		t.Fatalf("claim is %+v, %v", c, err)
	}
	_, err = s.Defer(t.Context(), job, 0, 0)
	wantKind(t, err, fault.Conflict) // it is being worked on
	if _, err := s.Retry(t.Context(), c, timeout(), time.Hour); err != nil {
		t.Fatal(err)
	}
	_, err = s.Defer(t.Context(), job, 0, 0)
	wantKind(t, err, fault.Conflict) // a later message is there
	if list := jobs(t, s); len(list) != 0 {
		t.Errorf("due jobs are %+v", list)
	}
}

func testExpire(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg")
	job := jobs(t, s)[0]
	wrong := job
	wrong.Generation++
	_, err := s.Expire(t.Context(), wrong, timeout())
	wantKind(t, err, fault.Conflict)
	changed, err := s.Expire(t.Context(), job, timeout())
	if err != nil || changed.Version != p.Version+1 || changed.ProductID != p.ID {
		t.Fatalf("change is %+v, %v", changed, err)
	}
	img := read(t, s, p.ID).Images[0]
	if img.Status != catalog.Failed || img.Attempts != 0 || img.Problem == nil || img.Problem.Reason != fault.SourceTimeout {
		t.Errorf("image is %+v with %+v", img, img.Problem)
	}
	_, err = s.Expire(t.Context(), job, timeout())
	wantKind(t, err, fault.Conflict)
	_, err = s.Defer(t.Context(), job, 0, 0)
	wantKind(t, err, fault.Conflict)
}
