package storetest

import (
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// testAttempts: what became of each attempt is kept with the outcome, and no more than that.
func testAttempts(t *testing.T, s Store) {
	t.Helper()
	c := claim(t, s, time.Minute)
	if user, list := pastAttempts(t, s, c); user != c.UserID || len(list) != 0 {
		t.Errorf("before any has ended: %d, %+v", user, list)
	}
	c.Record = media.Record{
		Steps:  []media.Step{{Name: media.StepFetch, Took: 900 * time.Millisecond, BytesIn: 17, Err: timeout()}},
		Status: 503, Hops: 2, Worker: "W", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", Took: time.Second, Waited: 40 * time.Millisecond,
	}
	if _, err := s.Retry(t.Context(), c, timeout(), 0); err != nil {
		t.Fatal(err)
	}
	_, err := s.Retry(t.Context(), c, timeout(), 0)
	wantKind(t, err, fault.Conflict)
	second := begin(t, s, jobs(t, s)[0])
	second.Record = media.Record{
		Steps:  []media.Step{{Name: media.StepFetch, BytesIn: 1 << 40, Took: time.Hour}, {Name: media.StepStore, BytesIn: 2, BytesOut: 3}},
		Status: 200, Reused: true, Took: time.Second,
	}
	if _, err := s.Complete(t.Context(), second, rendition("aa12"), noReport); err != nil {
		t.Fatal(err)
	}
	_, list := pastAttempts(t, s, c)
	if len(list) != 2 {
		t.Fatalf("attempts are %+v", list)
	}
	first, shown := list[0], list[1]
	for _, p := range list {
		if time.Since(p.EndedAt).Abs() > time.Minute || p.BegunAt.After(p.EndedAt) {
			t.Errorf("attempt %d was from %s to %s", p.Attempt, p.BegunAt, p.EndedAt)
		}
	}
	if first.Outcome != media.OutcomeRetried || first.Reason != fault.SourceTimeout || first.Detail == "" || first.Generation != 1 || first.Attempt != 1 {
		t.Errorf("the first is %+v", first)
	}
	c.Record.Steps[0].Err = nil // the outcome says that
	if !reflect.DeepEqual(first.Record, c.Record) {
		t.Errorf("the record of the first is %+v, want %+v", first.Record, c.Record)
	}
	if shown.Outcome != media.OutcomeReady || shown.Attempt != 2 || shown.Reason != "" || !reflect.DeepEqual(shown.Record, second.Record) {
		t.Errorf("the second is %+v", shown)
	}
	_, _, err = s.PastAttempts(t.Context(), c.ProductID+1, c.ImageID)
	wantKind(t, err, fault.NotFound)
	if _, err := s.DeleteProduct(t.Context(), c.ProductID, Unchecked); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.PastAttempts(t.Context(), c.ProductID, c.ImageID)
	wantKind(t, err, fault.NotFound)
}

// testAttemptsAreBounded: of many failures, also before and after a replay, the last ones are kept.
func testAttemptsAreBounded(t *testing.T, s Store) {
	t.Helper()
	c := claim(t, s, time.Minute)
	for c.Attempt < media.KeptAttempts+2 {
		if _, err := s.Retry(t.Context(), c, timeout(), 0); err != nil {
			t.Fatal(err)
		}
		c = begin(t, s, jobs(t, s)[0])
	}
	if _, err := s.Fail(t.Context(), c, timeout()); err != nil {
		t.Fatal(err)
	}
	_, list := pastAttempts(t, s, c)
	if len(list) != media.KeptAttempts || list[0].Attempt != 3 || list[len(list)-1].Outcome != media.OutcomeFailed {
		t.Errorf("%d are kept: %+v", len(list), list)
	}
	if _, _, err := s.ReplayImages(t.Context(), []int64{c.ImageID}, ""); err != nil {
		t.Fatal(err)
	}
	c = begin(t, s, jobs(t, s)[0])
	if _, err := s.Fail(t.Context(), c, timeout()); err != nil {
		t.Fatal(err)
	}
	_, list = pastAttempts(t, s, c)
	if last := list[len(list)-1]; len(list) != media.KeptAttempts || list[0].Attempt != 4 || last.Generation != 2 || last.Attempt != 1 {
		t.Errorf("after a replay %d are kept: %+v", len(list), list)
	}
	if n, err := s.PurgeAttempts(t.Context(), time.Hour, 1000); n != 0 || err != nil {
		t.Errorf("removed %d of them, %v", n, err)
	}
	if n, err := s.PurgeAttempts(t.Context(), 0, 5); n != 5 || err != nil {
		t.Errorf("removed %d of the oldest, %v", n, err)
	}
	if _, list = pastAttempts(t, s, c); len(list) != media.KeptAttempts-5 || list[len(list)-1].Generation != 2 {
		t.Errorf("%d are left: %+v", len(list), list)
	}
}

// testLostAttempts: an attempt whose worker was lost is one, of which only the end is known.
func testLostAttempts(t *testing.T, s Store) {
	t.Helper()
	c := claim(t, s, time.Millisecond)
	sweepOne(t, s)
	_, list := pastAttempts(t, s, c)
	if len(list) != 1 || list[0].Reason != fault.WorkerLost || list[0].Outcome != media.OutcomeRetried || !list[0].BegunAt.IsZero() || len(list[0].Steps) != 0 {
		t.Errorf("attempts are %+v", list)
	}
	if img := read(t, s, c.ProductID).Images[0]; img.Status != catalog.Pending {
		t.Errorf("image is %+v", img)
	}
}

func pastAttempts(t *testing.T, s Store, c media.Claim) (user int64, list []media.PastAttempt) {
	t.Helper()
	user, list, err := s.PastAttempts(t.Context(), c.ProductID, c.ImageID)
	if err != nil {
		t.Fatal(err)
	}
	return user, list
}
