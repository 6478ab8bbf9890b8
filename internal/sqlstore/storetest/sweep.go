package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

func policy() media.SweepPolicy {
	return media.SweepPolicy{
		Limit: 10, Lost: fault.Fail(fault.WorkerLost, "The worker stopped.", nil), Decide: losses(0),
	}
}

// losses tries again after delay until three attempts were lost.
func losses(delay time.Duration) media.Decide {
	return func(spent media.Spent) (time.Duration, bool) { return delay, spent.Lost < 3 }
}

// sweepOne sweeps until an image has changed.
func sweepOne(t *testing.T, s Store) (swept []media.LostAttempt) {
	t.Helper()
	until(t, "the sweep has found it", func() bool {
		var err error
		if swept, err = s.Sweep(t.Context(), policy()); err != nil {
			t.Fatal(err)
		}
		return len(swept) > 0
	})
	return swept
}

func testSweep(t *testing.T, s Store) {
	t.Helper()
	held := claim(t, s, time.Minute)
	lost := claim(t, s, time.Millisecond)
	for attempt := 1; attempt <= 3; attempt++ {
		swept := sweepOne(t, s)
		img := read(t, s, lost.ProductID).Images[0]
		outcome := media.OutcomeRetried
		if attempt == 3 {
			outcome = media.OutcomeFailed
		}
		if len(swept) != 1 || swept[0].Outcome != outcome || swept[0].Changed.ProductID != lost.ProductID {
			t.Errorf("the sweep returned %+v, want product %d with %s", swept, lost.ProductID, outcome)
		}
		if img.Problem == nil || img.Problem.Reason != fault.WorkerLost || img.Attempts != attempt {
			t.Fatalf("swept image is %+v with %+v", img, img.Problem)
		}
		if attempt == 3 {
			if img.Status != catalog.Failed || len(jobs(t, s)) != 0 {
				t.Errorf("after the last attempt the image is %s", img.Status)
			}
			wantFailed(t, s, read(t, s, lost.ProductID), lost.ImageID, 1)
			break
		}
		list := jobs(t, s)
		if img.Status != catalog.Pending || len(list) != 1 || without(list[0]) != without(lost.Job) {
			t.Fatalf("image is %s with jobs %+v", img.Status, list)
		}
		if _, err := s.Begin(t.Context(), list[0], time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if img := read(t, s, held.ProductID).Images[0]; img.Status != catalog.Processing {
		t.Errorf("an image whose lease runs was swept: %+v", img)
	}
}

// testLossesAreCounted counts the attempts whose worker was lost beside the
// others, until the image is replayed.
func testLossesAreCounted(t *testing.T, s Store) {
	t.Helper()
	c := claim(t, s, time.Millisecond)
	keep := policy()
	keep.KeepLeases = true
	if swept, err := s.Sweep(t.Context(), keep); err != nil || len(swept) != 0 {
		t.Errorf("a sweep that was to keep leases swept %+v, %v", swept, err)
	}
	sweepOne(t, s)
	again, err := s.Begin(t.Context(), jobs(t, s)[0], time.Minute)
	if err != nil || again.Attempt != 2 || again.Lost != 1 {
		t.Fatalf("begun again as %+v, %v", again, err)
	}
	if _, err := s.Retry(t.Context(), again, timeout(), 0); err != nil {
		t.Fatal(err)
	}
	third, err := s.Begin(t.Context(), jobs(t, s)[0], time.Minute)
	if err != nil || third.Attempt != 3 || third.Lost != 1 {
		t.Fatalf("begun a third time as %+v, %v", third, err)
	}
	if _, err := s.Fail(t.Context(), third, timeout()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ReplayImages(t.Context(), []int64{c.ImageID}, ""); err != nil {
		t.Fatal(err)
	}
	fresh, err := s.Begin(t.Context(), jobs(t, s)[0], time.Minute)
	if err != nil || fresh.Attempt != 1 || fresh.Lost != 0 {
		t.Errorf("begun after a replay as %+v, %v", fresh, err)
	}
}

func testConcurrentSweeps(t *testing.T, s Store) {
	t.Helper()
	const n = 20
	for range n {
		claim(t, s, time.Millisecond)
	}
	var swept atomic.Int32
	until(t, "all were swept", func() bool {
		var sweeping sync.WaitGroup
		for range 4 {
			sweeping.Go(func() {
				found, err := s.Sweep(t.Context(), policy())
				if err != nil {
					t.Error(err)
				}
				swept.Add(int32(len(found)))
			})
		}
		sweeping.Wait()
		return t.Failed() || swept.Load() >= n
	})
	if got := len(jobs(t, s)); got != n || swept.Load() != n {
		t.Errorf("%d jobs and %d changes of %d lost images", got, swept.Load(), n)
	}
}
