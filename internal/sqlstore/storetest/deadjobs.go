package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/job"
)

// newJob makes a job over all that the filter selects now.
func newJob(t *testing.T, s Store, a failures.Action, f failures.Filter) job.Job {
	t.Helper()
	n, asOf, err := s.CountFailures(t.Context(), a, f)
	if err != nil {
		t.Fatal(err)
	}
	j, err := filtered.New(string(a), f, false)
	if err != nil {
		t.Fatal(err)
	}
	j.Rate, j.Total, j.AsOf, j.RequestID = 7, n, asOf, "req-9"
	j, err = s.CreateJob(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func lease(t *testing.T, s Store, holder string) job.Job {
	t.Helper()
	j, err := s.LeaseJob(t.Context(), holder, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func hasFilter(t *testing.T, j job.Job, want failures.Filter) bool {
	t.Helper()
	read, err := filtered.Read[failures.Filter](j)
	return err == nil && reflect.DeepEqual(read.Filter, want)
}

func batch(j job.Job, holder string, limit int) job.Batch {
	return job.Batch{JobID: j.ID, Holder: holder, Limit: limit, Lease: time.Minute}
}

func testDeadJob(t *testing.T, s Store) {
	t.Helper()
	_, err := s.LeaseJob(t.Context(), "h", time.Minute)
	wantKind(t, err, fault.NotFound)
	var urls []string
	for i := range 10 {
		urls = append(urls, fmt.Sprintf("http://a.example/%d.jpg", i))
	}
	p := broken(t, s, fault.SourceTimeout, urls...)
	broken(t, s, fault.DecodeFailed, "http://b.example/1.jpg")
	f := failures.Filter{Reason: fault.SourceTimeout, FailedAfter: time.UnixMilli(5).UTC()}
	made := newJob(t, s, failures.Replay, f)
	if made.ID == 0 || made.Total != 10 || made.Done != 0 || made.State != job.Running || made.Rate != 7 ||
		!hasFilter(t, made, f) || made.CreatedAt.IsZero() || !made.FinishedAt.IsZero() {
		t.Errorf("job is %+v", made)
	}
	if j := lease(t, s, "h"); !reflect.DeepEqual(j, made) {
		t.Errorf("leased %+v, made %+v", j, made)
	}
	for i, want := range []int64{4, 8, 10} {
		got, changed, err := s.AdvanceJob(t.Context(), batch(made, "h", 4))
		if err != nil || got.Done != want || got.State != job.Running || len(changed) != 1 {
			t.Fatalf("step %d: %+v, %+v, %v", i, got, changed, err)
		}
		if i == 1 { // one fails again meanwhile; the job has done with it
			again := jobs(t, s)[0]
			c := begin(t, s, again)
			until(t, "the clock goes on", func() bool { return time.Since(made.AsOf) > 5*time.Millisecond })
			if _, err := s.Fail(t.Context(), c, timeout()); err != nil {
				t.Fatal(err)
			}
		}
	}
	end, changed, err := s.AdvanceJob(t.Context(), batch(made, "h", 4))
	if err != nil || end.State != job.Done || end.FinishedAt.IsZero() || len(changed) != 0 {
		t.Errorf("the end is %+v, %+v, %v", end, changed, err)
	}
	if list := letters(t, s, failures.Filter{}); len(list) != 2 {
		t.Errorf("left: %v", names(list))
	}
	if v := read(t, s, p.ID).Revision; v != p.Revision+4 { // three steps and a failure
		t.Errorf("revision went from %d to %d", p.Revision, v)
	}
	_, _, err = s.AdvanceJob(t.Context(), batch(made, "h", 4))
	wantKind(t, err, fault.Conflict)
	_, err = s.AbortJob(t.Context(), made.ID)
	wantKind(t, err, fault.Conflict)
	if got, err := s.Job(t.Context(), made.ID); err != nil || !reflect.DeepEqual(got, end) {
		t.Errorf("read %+v, %v; want %+v", got, err, end)
	}
}

func testDeadJobDiscards(t *testing.T, s Store) {
	t.Helper()
	broken(t, s, fault.SourceTimeout, "http://a.example/1.jpg", "http://a.example/2.jpg", "http://a.example/3.jpg")
	for i := range 4 {
		unreadable(t, s, "m", strconv.Itoa(i))
	}
	made := newJob(t, s, failures.Discard, failures.Filter{})
	unreadable(t, s, "m", "later") // may be of the same millisecond
	lease(t, s, "h")
	for steps := 0; ; steps++ {
		j, _, err := s.AdvanceJob(t.Context(), batch(made, "h", 1))
		if err != nil || steps > 20 {
			t.Fatalf("step %d: %+v, %v", steps, j, err)
		}
		if j.State == job.Done {
			if j.Done < 7 || j.Total != 7 {
				t.Errorf("done %d of %d", j.Done, j.Total)
			}
			break
		}
	}
	if list := letters(t, s, failures.Filter{}); len(list) > 1 {
		t.Errorf("left: %v", names(list))
	}
}

func testDeadJobAborted(t *testing.T, s Store) {
	t.Helper()
	broken(t, s, fault.SourceTimeout, "http://a.example/1.jpg", "http://a.example/2.jpg", "http://a.example/3.jpg")
	made := newJob(t, s, failures.Replay, failures.Filter{})
	lease(t, s, "h")
	if _, _, err := s.AdvanceJob(t.Context(), batch(made, "h", 1)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := s.AbortJob(t.Context(), made.ID)
		if err != nil || got.State != job.Aborted || got.Done != 1 || got.FinishedAt.IsZero() {
			t.Errorf("aborted job is %+v, %v", got, err)
		}
	}
	_, _, err := s.AdvanceJob(t.Context(), batch(made, "h", 1))
	wantKind(t, err, fault.Conflict)
	if n := len(letters(t, s, failures.Filter{})); n != 2 {
		t.Errorf("%d letters are left, want 2", n)
	}
	_, err = s.LeaseJob(t.Context(), "h", time.Minute)
	wantKind(t, err, fault.NotFound)
	_, err = s.AbortJob(t.Context(), 999)
	wantKind(t, err, fault.NotFound)
	_, err = s.Job(t.Context(), 999)
	wantKind(t, err, fault.NotFound)
}

// testDeadJobTaken: the lease decides who works on a job.
func testDeadJobTaken(t *testing.T, s Store) {
	t.Helper()
	broken(t, s, fault.SourceTimeout, "http://a.example/1.jpg", "http://a.example/2.jpg", "http://a.example/3.jpg")
	made := newJob(t, s, failures.Replay, failures.Filter{})
	second := newJob(t, s, failures.Discard, failures.Filter{})
	if list, err := s.Jobs(t.Context(), failureKinds(), 0, 1); err != nil || len(list) != 1 || list[0].ID != second.ID {
		t.Errorf("newest job is %+v, %v", list, err)
	}
	if _, err := s.AbortJob(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}
	var won, lost atomic.Int32
	var racing sync.WaitGroup
	for i := range 8 {
		racing.Go(func() {
			_, err := s.LeaseJob(t.Context(), strconv.Itoa(i), 50*time.Millisecond)
			switch {
			case err == nil:
				won.Add(1)
			case fault.KindOf(err) == fault.NotFound:
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	racing.Wait()
	if won.Load() < 1 || won.Load()+lost.Load() != 8 {
		t.Errorf("%d got the job, %d did not", won.Load(), lost.Load())
	}
	until(t, "the dead one's lease runs out", func() bool {
		_, err := s.LeaseJob(t.Context(), "heir", time.Minute)
		return err == nil
	})
	if got, _, err := s.AdvanceJob(t.Context(), batch(made, "heir", 2)); err != nil || got.Done != 2 {
		t.Errorf("the heir is at %+v, %v", got, err)
	}
	_, _, err := s.AdvanceJob(t.Context(), batch(made, "0", 2))
	wantKind(t, err, fault.Conflict)
	if err := s.ReleaseJob(t.Context(), made.ID, "0"); err != nil {
		t.Error(err)
	}
	_, err = s.LeaseJob(t.Context(), "next", time.Minute)
	wantKind(t, err, fault.NotFound) // what another gives back is not theirs
	if err := s.ReleaseJob(t.Context(), made.ID, "heir"); err != nil {
		t.Error(err)
	}
	if j := lease(t, s, "next"); j.Done != 2 {
		t.Errorf("the next one begins at %+v", j)
	}
	if got, _, err := s.AdvanceJob(t.Context(), batch(made, "next", 2)); err != nil || got.Done != 3 {
		t.Errorf("the next one is at %+v, %v", got, err)
	}
	if n := len(jobs(t, s)); n != 3 {
		t.Errorf("%d images were replayed, want 3, once each", n)
	}
}

func testPurge(t *testing.T, s Store) {
	t.Helper()
	broken(t, s, fault.SourceTimeout, "http://a.example/1.jpg")
	unreadable(t, s, "m", "kept")
	unreadable(t, s, "m", "discarded")
	list := letters(t, s, failures.Filter{Reason: failures.Unreadable})
	if _, err := s.DiscardFailures(t.Context(), []failures.ID{list[0].ID}); err != nil {
		t.Fatal(err)
	}
	running, ended := newJob(t, s, failures.Replay, failures.Filter{}), newJob(t, s, failures.Replay, failures.Filter{})
	if _, err := s.AbortJob(t.Context(), ended.ID); err != nil {
		t.Fatal(err)
	}
	purge := func(retention time.Duration) {
		if err := errors.Join(s.PurgeJobs(t.Context(), retention), s.PurgeDiscarded(t.Context(), retention)); err != nil {
			t.Fatal(err)
		}
	}
	purge(time.Hour)
	if list, err := s.Jobs(t.Context(), failureKinds(), 0, 10); err != nil || len(list) != 2 {
		t.Errorf("jobs are %+v, %v", list, err)
	}
	until(t, "the ended job is removed", func() bool {
		purge(time.Millisecond)
		list, err := s.Jobs(t.Context(), failureKinds(), 0, 10)
		return err == nil && len(list) == 1 && list[0].ID == running.ID
	})
	if n := len(letters(t, s, failures.Filter{})); n != 2 {
		t.Errorf("%d letters are left, want the image and the kept message", n)
	}
}

func failureKinds() []string { return []string{string(failures.Replay), string(failures.Discard)} }
