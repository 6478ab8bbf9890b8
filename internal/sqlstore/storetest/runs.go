package storetest

import (
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/gc"
)

// testRuns: of each task and place the last run that failed is kept, and the last that did not; what is claimed
// again is due then.
func testRuns(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	last := func() []gc.Run {
		t.Helper()
		runs, err := s.LastRuns(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(runs); i++ {
			if runs[i].EndedAt.After(runs[i-1].EndedAt) {
				t.Errorf("run %d is later than the one before: %+v", i, runs)
			}
		}
		return runs
	}
	if got := last(); len(got) != 0 {
		t.Fatalf("before any run there is %+v", got)
	}
	record := func(r gc.Run) {
		t.Helper()
		if err := s.RecordRun(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	record(gc.Run{Task: gc.TaskFsck, Failure: "It was stopped.", Report: *gc.NewReport(nil)})
	if one, err := s.LastFinished(ctx, gc.TaskFsck); err != nil || one != nil {
		t.Errorf("none has come to its end, but %+v, %v", one, err)
	}
	report := *gc.NewReport(gc.Findings())
	report.Found(gc.OrphanObject, 7, "ab/1", "ab/2")
	report.Repaired(gc.OrphanObject, 6)
	report.Unrepaired(gc.OrphanObject, "one was written meanwhile")
	report.Checked["objects"] = 1 << 40
	report.Note("The queue was not checked.")
	whole := gc.Run{Task: gc.TaskFsck, By: "ann@host", Repair: true, Took: 90 * time.Minute, Report: report}
	record(gc.Run{Task: gc.TaskFsck, By: "before", Report: *gc.NewReport(nil)})
	record(whole)
	record(gc.Run{Task: gc.TaskFsck, By: "ben@host", Failure: "It was stopped.", Report: *gc.NewReport(nil)})
	if _, claimed, err := s.ClaimSlice(ctx, string(gc.TaskCollector), time.Hour, 16, gc.Partitions); err != nil || !claimed {
		t.Fatal(claimed, err)
	}
	for _, place := range []int{0, 16, 0} {
		record(gc.Run{Task: gc.TaskCollector, Place: place, By: "PROCESS", Repair: true, Report: *gc.NewReport(gc.Findings())})
	}
	got := last()
	if len(got) != 4 {
		t.Fatalf("kept are %+v", got)
	}
	for _, r := range got {
		if age := time.Since(r.EndedAt).Abs(); age > time.Minute {
			t.Errorf("%+v ended %s ago", r, age)
		}
		due := time.Until(r.DueAt)
		if r.Task == gc.TaskCollector && (due < 50*time.Minute || due > 70*time.Minute) || r.Task == gc.TaskFsck && !r.DueAt.IsZero() {
			t.Errorf("%+v is due in %s", r, due)
		}
	}
	if one, err := s.LastFinished(ctx, gc.TaskFsck); err != nil || one == nil || one.By != whole.By {
		t.Errorf("the last fsck that came to its end is %+v, %v", one, err)
	}
	if one, err := s.LastFinished(ctx, gc.TaskCollector); err != nil || one == nil || one.Place != 0 || one.DueAt.IsZero() {
		t.Errorf("the last turn that came to its end is %+v, %v", one, err)
	}
	c := gc.Summarize(got)
	if c.Fsck == nil || c.Finished == nil || c.Turn == nil || c.Round.Turns != 2 {
		t.Fatalf("together they say %+v", c)
	}
	c.Finished.EndedAt = time.Time{}
	if !reflect.DeepEqual(*c.Finished, whole) {
		t.Errorf("kept is %+v, want %+v", *c.Finished, whole)
	}
}
