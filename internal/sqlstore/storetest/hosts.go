package storetest

import (
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// limited takes a step with a host limit of two.
func limited(t *testing.T, s Store) dispatch.Step {
	t.Helper()
	return limitedTo(t, s, 100)
}

// limitedTo is the same with so many slots.
func limitedTo(t *testing.T, s Store, slots int) dispatch.Step {
	t.Helper()
	const room = 10
	var taken dispatch.Step
	until(t, "the step is taken", func() bool {
		request, _ := dispatch.Single(time.Hour, room, room)
		request.Ranks, request.Walk = 2, true
		limits := dispatch.Limits{Slots: slots, Host: 2, NewHost: 1, Life: time.Hour, ContactFor: time.Second}
		var err error
		if taken, err = s.DispatchStep(t.Context(), request, dispatch.OneStep(limits, room)); err != nil {
			t.Fatal(err)
		}
		return !taken.Busy
	})
	return taken
}

func record(t *testing.T, s Store, fetches ...media.Fetch) []media.Breaker {
	t.Helper()
	breakers, err := s.RecordFetches(t.Context(), fetches)
	if err != nil {
		t.Fatal(err)
	}
	return breakers
}

// testParked: an image whose host has no room is parked, and comes when it has.
func testParked(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg", "http://b/4.jpg")
	first := limited(t, s)
	if len(first.Jobs) != 2 || first.Jobs[0].ImageID != p.Images[0].ID || first.Jobs[1].ImageID != p.Images[3].ID || !first.Jobs[0].Contact {
		t.Fatalf("dispatched %+v, want one of each host that was never asked", first.Jobs)
	}
	if first.Left {
		t.Error("what is parked is said to wait in line")
	}
	if none := limited(t, s); len(none.Jobs) != 0 {
		t.Fatalf("dispatched %+v beyond the host's limit", none.Jobs)
	}
	record(t, s, media.Fetch{Host: "a", URL: 1, Took: time.Second}, media.Fetch{Host: "a", URL: 2, Took: time.Second})
	second := limited(t, s)
	if len(second.Jobs) != 1 || second.Jobs[0].ImageID != p.Images[1].ID || second.Jobs[0].Contact {
		t.Fatalf("dispatched %+v, want the second: its host has answered", second.Jobs)
	}
	c := begin(t, s, first.Jobs[0])
	complete(t, s, c, "aa")
	if third := limited(t, s); len(third.Jobs) != 1 || third.Jobs[0].ImageID != p.Images[2].ID {
		t.Fatalf("dispatched %+v, want the third", third.Jobs)
	}
}

// testHosts: five URLs open a host's breaker, one URL never; its probe is an image
// that was never tried; an answer closes it.
func wantOpen(t *testing.T, s Store, want int) {
	t.Helper()
	if n, err := inspector(s).OpenHosts(t.Context()); n != want || err != nil {
		t.Errorf("%d hosts have an open breaker, %v; want %d", n, err, want)
	}
}

func testHosts(t *testing.T, s Store) {
	t.Helper()
	failure := timeout()
	for range 9 {
		record(t, s, media.Fetch{Host: "a", URL: 1, Failure: failure, Took: time.Second})
	}
	create(t, s, "http://a/1.jpg")
	tried := limited(t, s).Jobs
	if len(tried) != 1 {
		t.Fatalf("one URL has convicted the host: %+v", tried)
	}
	c := begin(t, s, tried[0])
	if _, err := s.Retry(t.Context(), c, failure, 0); err != nil {
		t.Fatal(err)
	}
	// So that the breaker is open for two seconds.
	if b := record(t, s, failing("a", 0, 5, eitherToBlame())...); len(b) != 1 || !b[0].Open || b[0].Host != "a" || b[0].Failures != 5 {
		t.Errorf("breakers are %+v", b)
	}
	opened := time.Now()
	record(t, s, failing("b", 0, 4, timeout())...) // too few for its breaker
	wantOpen(t, s, 1)
	if n, err := s.OpenHosts(t.Context(), 1, 1); n != 1 || err != nil {
		t.Errorf("looking at one of two failing hosts: %d, %v", n, err)
	}
	fresh := create(t, s, "http://a/2.jpg", "http://a/3.jpg")
	var probe []media.Job
	until(t, "the breaker lets a probe through", func() bool { probe = limited(t, s).Jobs; return len(probe) > 0 })
	if waited := time.Since(opened); waited < 1500*time.Millisecond {
		t.Errorf("the breaker was open for %v", waited)
	}
	wantOpen(t, s, 1) // it has not answered
	if len(probe) != 1 || probe[0].ProductID != fresh.ID {
		t.Errorf("the probe is %+v, want one that was never tried", probe)
	}
	if b := record(t, s, media.Fetch{Host: "a", URL: 9, Took: time.Second}); len(b) != 1 || b[0].Open {
		t.Errorf("breakers are %+v", b)
	}
	wantOpen(t, s, 0)
	if next := limited(t, s).Jobs; len(next) != 1 {
		t.Errorf("after an answer %+v, want one more", next)
	}
	record(t, s, media.Fetch{Host: "b", URL: 1, Took: time.Second}, media.Fetch{Host: "c", URL: 1, Took: time.Second})
	for _, want := range []int{2, 1, 0} {
		if n, err := s.ForgetHosts(t.Context(), time.Hour, 0, 2); err != nil || n != want {
			t.Fatalf("forgot %d hosts, %v; want %d", n, err, want)
		}
	}
	if silent, err := s.SilentHosts(t.Context(), 0, 10); err != nil || len(silent) != 0 {
		t.Errorf("silent hosts are %+v, %v", silent, err)
	}
}

// testExpire: images that are parked fail in batches with their host's last reason.
func testExpire(t *testing.T, s Store) {
	t.Helper()
	record(t, s, failing("a", 0, 5, timeout())...)
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://b/3.jpg", "http://a/4.jpg")
	if jobs := limited(t, s).Jobs; len(jobs) != 1 || jobs[0].Host != "b" {
		t.Fatalf("dispatched %+v", jobs)
	}
	expire := func(waited time.Duration, limit, want int) {
		t.Helper()
		changed, err := s.Expire(t.Context(), "a", waited, timeout(), limit)
		if err != nil || want == 0 && len(changed) != 0 || want > 0 && (len(changed) != 1 || changed[0].ProductID != p.ID) {
			t.Fatalf("changes are %+v, %v", changed, err)
		}
		failed := 0
		for _, img := range read(t, s, p.ID).Images {
			if img.Status == catalog.Failed {
				failed++
				if img.Attempts != 0 || img.Problem == nil || img.Problem.Reason != fault.SourceTimeout {
					t.Errorf("image is %+v with %+v", img, img.Problem)
				}
			}
		}
		if failed != want && want > 0 {
			t.Errorf("%d have failed, want %d", failed, want)
		}
	}
	expire(time.Millisecond, 10, 0) // it has not failed since they came
	again := media.Fetch{Host: "a", URL: 9, Failure: timeout(), Took: time.Second}
	record(t, s, again)
	silent, err := s.SilentHosts(t.Context(), 0, 10)
	if err != nil || len(silent) != 1 || silent[0].Host != "a" || silent[0].Last.Reason != fault.SourceTimeout {
		t.Fatalf("silent hosts are %+v, %v", silent, err)
	}
	if none, err := s.SilentHosts(t.Context(), time.Hour, 10); err != nil || len(none) != 0 {
		t.Errorf("silent for an hour: %+v, %v", none, err)
	}
	expire(time.Hour, 10, 0) // they are not so old
	expire(0, 2, 2)
	expire(0, 2, 3)
	expire(0, 2, 0)
	wantFailed(t, s, p, p.Images[0].ID, 3)
	_, done, err := s.ReplayImages(t.Context(), []int64{p.Images[0].ID, p.Images[1].ID, p.Images[3].ID}, "again")
	if err != nil || len(done) != 3 {
		t.Errorf("replayed %v, %v", done, err)
	}
	if jobs := limited(t, s).Jobs; len(jobs) != 0 {
		t.Errorf("dispatched %+v", jobs)
	}
	expire(time.Millisecond, 10, 0) // they wait for a probe
	record(t, s, again)
	expire(0, 10, 3)
}
