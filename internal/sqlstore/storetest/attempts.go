package storetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// attemptsOf returns what is told of the image, without the moments, which it looks at.
func attemptsOf(t *testing.T, s Store, c media.Job) []attempts.Attempt {
	t.Helper()
	h, err := attempts.NewService(s).Of(t.Context(), auth.Everyone(), c.ProductID, c.ImageID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range h.Attempts {
		a := &h.Attempts[i]
		if begun := time.UnixMilli(a.BegunAt); time.Since(a.EndedAt).Abs() > time.Minute || a.BegunAt != 0 && (begun.After(a.EndedAt) || time.Since(begun) > time.Minute) {
			t.Errorf("attempt %d was begun at %s and ended at %s", a.Number, begun, a.EndedAt)
		}
		a.EndedAt = time.Time{}
	}
	return h.Attempts
}

// testAttempts: each attempt is told of with what its worker kept, in their order, and none
// beside; they are gone with the image.
func testAttempts(t *testing.T, s Store) {
	t.Helper()
	first := claim(t, s, time.Minute)
	const backoff = 300 * time.Millisecond
	first.Work = events.Work{
		Worker: "one", Status: 503, Redirects: 2, TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
		Steps: []events.Step{{Name: "fetch", TookMS: 12, BytesIn: 7, Failed: true, Hops: []events.Hop{{Status: 302, TookMS: 3}, {Host: "cdn.example", Status: 503, TookMS: 9}}}},
	}
	if _, err := s.Retry(t.Context(), first, timeout(), backoff); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fail(t.Context(), first, timeout()); fault.KindOf(err) != fault.Conflict {
		t.Errorf("an attempt ends twice: %v", err)
	}
	var due []media.Job
	until(t, "the retry is due", func() bool {
		due = jobs(t, s)
		return len(due) > 0
	})
	second := begin(t, s, due[0])
	if most := second.BegunAt.Sub(first.BegunAt) - backoff; second.Waited < 0 || second.Waited > most || second.Worked().WaitedMS != second.Waited.Milliseconds() {
		t.Errorf("after a backoff of %s it waited %s, not at most %s", backoff, second.Waited, most)
	}
	second.Work = events.Work{
		Worker: "two", Status: 200, Published: true,
		Steps: []events.Step{{Name: "fetch", TookMS: 30, BytesIn: 700, Hops: []events.Hop{{Status: 301}, {Host: "b.example", Status: 200}}}, {Name: "render", TookMS: 40, BytesIn: 700, BytesOut: 90}},
	}
	if _, err := s.Complete(t.Context(), second, rendition("aa11"), noReport); err != nil {
		t.Fatal(err)
	}
	other := claim(t, s, time.Minute)
	if _, err := s.Fail(t.Context(), other, fault.Fail(fault.DecodeFailed, "It is cut short.", nil)); err != nil {
		t.Fatal(err)
	}

	want := []attempts.Attempt{
		{Work: first.Worked(), Number: 1, Outcome: media.OutcomeRetried, Failure: timeout()},
		{Work: second.Worked(), Number: 2, Outcome: media.OutcomeReady},
	}
	if got := attemptsOf(t, s, first.Job); !reflect.DeepEqual(got, want) { //nolint:govet // of failures the whole value counts
		t.Errorf("attempts are\n%+v, want\n%+v", got, want)
	}
	got := attemptsOf(t, s, other.Job)
	if len(got) != 1 || got[0].Outcome != media.OutcomeFailed || got[0].Failure.Reason != fault.DecodeFailed || got[0].Failure.Detail != "It is cut short." {
		t.Errorf("attempts are %+v", got)
	}

	service := attempts.NewService(s)
	for what, err := range map[string]error{
		"of another product": ignore(service.Of(t.Context(), auth.Everyone(), other.ProductID, first.ImageID)),
		"of another user":    ignore(service.Of(t.Context(), of(user+1), first.ProductID, first.ImageID)),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, id := range []int64{first.ProductID, other.ProductID} {
		if _, err := s.DeleteProduct(t.Context(), id, Unchecked); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.PurgeAttempts(t.Context(), 0, 10); n != 0 || err != nil {
		t.Errorf("%d attempts are left of deleted images, %v", n, err)
	}
}

// testAttemptsAreBounded: the last attempts of an image are kept, over all its generations, and
// those that are old are removed, at most so many at once.
func testAttemptsAreBounded(t *testing.T, s Store) {
	t.Helper()
	c := claim(t, s, time.Minute)
	const generations, each = 3, 9
	for range generations {
		for range each - 1 {
			if _, err := s.Retry(t.Context(), c, timeout(), 0); err != nil {
				t.Fatal(err)
			}
			c = begin(t, s, jobs(t, s)[0])
		}
		if _, err := s.Fail(t.Context(), c, timeout()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.ReplayImages(t.Context(), []int64{c.ImageID}, "again"); err != nil {
			t.Fatal(err)
		}
		c = begin(t, s, jobs(t, s)[0])
	}
	h, err := attempts.NewService(s).Of(t.Context(), auth.Everyone(), c.ProductID, c.ImageID)
	if err != nil || len(h.Asked) != generations || h.Asked[0].Cause != events.CauseRequest || h.Asked[0].At.After(h.Asked[1].At) {
		t.Errorf("it was asked for again %+v, %v", h.Asked, err)
	}
	got := attemptsOf(t, s, c.Job)
	first, last := got[0], got[len(got)-1]
	if len(got) != media.AttemptsKept || last.Generation != generations || last.Number != each || last.Outcome != media.OutcomeFailed ||
		first.Generation != 1 || first.Number != generations*each-media.AttemptsKept+1 {
		t.Errorf("%d attempts, from %d.%d to %d.%d", len(got), first.Generation, first.Number, last.Generation, last.Number)
	}
	for _, want := range []int{15, media.AttemptsKept - 15, 0} {
		if n, err := s.PurgeAttempts(t.Context(), time.Hour, 15); n != 0 || err != nil {
			t.Errorf("%d that are not old were removed, %v", n, err)
		}
		if n, err := s.PurgeAttempts(t.Context(), 0, 15); n != want || err != nil {
			t.Errorf("%d were removed, want %d; %v", n, want, err)
		}
	}
}

// testAttemptsWithoutWorker: what a worker could not write is told of, too: that it was lost,
// that its message was, and that a host was silent for so long that there was no attempt.
func testAttemptsWithoutWorker(t *testing.T, s Store) {
	t.Helper()
	swept := claim(t, s, time.Millisecond)
	sweepOne(t, s)
	job := jobs(t, s)[0]
	lost := fault.Fail(fault.WorkerLost, "Given up.", nil)
	if _, err := s.CountLostDelivery(t.Context(), job, lost, losses(0)); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, a := range attemptsOf(t, s, swept.Job) {
		kept = append(kept, string(a.Outcome)+" "+string(a.Failure.Reason)+" "+a.Worker)
	}
	if want := []string{"retried worker_lost ", "retried worker_lost "}; !slices.Equal(kept, want) {
		t.Errorf("attempts are %q, want %q", kept, want)
	}

	record(t, s, failing("silent", 0, 5, timeout())...)
	p := create(t, s, "http://silent/1.jpg", "http://silent/2.jpg")
	limited(t, s) // parks them
	record(t, s, failing("silent", 9, 1, timeout())...)
	if _, err := s.Expire(t.Context(), "silent", 0, timeout(), 10); err != nil {
		t.Fatal(err)
	}
	for _, img := range p.Images {
		got := attemptsOf(t, s, media.Job{ProductID: p.ID, ImageID: img.ID})
		if len(got) != 1 || got[0].Number != 0 || got[0].Generation != 1 || got[0].Outcome != media.OutcomeFailed || got[0].Failure.Reason != fault.SourceTimeout {
			t.Errorf("attempts are %+v", got)
		}
	}
}
