package storetest

import (
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// testDownloaded: an image that is downloaded takes nothing of its host, one that has
// released its slot no slot, as far as it is the very dispatch that was written.
func testDownloaded(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg", "http://a/4.jpg", "http://a/5.jpg")
	record(t, s, media.Fetch{Host: "a", URL: 1, Took: time.Second})
	dispatched := limitedTo(t, s, 3).Jobs
	if len(dispatched) != 2 {
		t.Fatalf("dispatched %+v, want as many as the host may have out", dispatched)
	}
	claims := make([]media.Claim, len(dispatched))
	for i, j := range dispatched {
		claims[i] = begin(t, s, j)
	}
	want := func(what, id string, fetched processes.Fetched, images ...catalog.Image) {
		t.Helper()
		err := s.Heartbeat(t.Context(), processes.Process{ID: id, Role: "worker", Slots: 3, Fetched: []processes.Fetched{{Image: 1 << 40, Token: 1}, fetched}})
		if err != nil {
			t.Fatal(err)
		}
		got := limitedTo(t, s, 3).Jobs
		if len(got) != len(images) {
			t.Fatalf("%s: dispatched %+v, want %+v", what, got, images)
		}
		for i, j := range got {
			if j.ImageID != images[i].ID {
				t.Errorf("%s: dispatched %+v, want %+v", what, got, images)
			}
		}
	}
	first, second := dispatched[0], dispatched[1]
	want("of another dispatch", "one", processes.Fetched{Image: first.ImageID, Token: first.Token - 1, Released: true})
	want("downloaded", "one", processes.Fetched{Image: first.ImageID, Token: first.Token}, p.Images[2])
	want("downloaded, and there is no slot", "two", processes.Fetched{Image: second.ImageID, Token: second.Token})
	want("its slot is free", "two", processes.Fetched{Image: second.ImageID, Token: second.Token, Released: true}, p.Images[3])
	if _, err := s.Retry(t.Context(), claims[0], timeout(), 0); err != nil {
		t.Fatal(err)
	}
	if got := limitedTo(t, s, 4).Jobs; len(got) != 0 {
		t.Errorf("what is retried counts as downloaded: dispatched %+v", got)
	}
	if err := s.EndProcess(t.Context(), "two"); err != nil {
		t.Fatal(err)
	}
	if got := limitedTo(t, s, 4).Jobs; len(got) != 0 {
		t.Errorf("the process has ended: dispatched %+v", got)
	}
}

// testReported: what a completion reports of other downloads is written with it, for a
// process that is alive, and not without it.
func testReported(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg", "http://b/4.jpg")
	record(t, s, media.Fetch{Host: "a", URL: 1, Took: time.Second})
	dispatched := limitedTo(t, s, 3).Jobs
	if len(dispatched) != 3 {
		t.Fatalf("dispatched %+v, want two of host a, and one of host b", dispatched)
	}
	claims := map[int64]media.Claim{}
	for _, j := range dispatched {
		claims[j.ImageID] = begin(t, s, j)
	}
	if err := s.Heartbeat(t.Context(), processes.Process{ID: "one", Role: "worker", Slots: 3}); err != nil {
		t.Fatal(err)
	}
	downloaded, done := claims[p.Images[0].ID], claims[p.Images[3].ID]
	report := func(process string) func() *processes.Report {
		return func() *processes.Report {
			return &processes.Report{Process: process, Fetched: []processes.Fetched{
				{Image: downloaded.ImageID, Token: downloaded.Token, Released: true},
			}}
		}
	}
	lost := done
	lost.Attempt++
	if _, err := s.Complete(t.Context(), lost, rendition("aa"), report("one")); fault.KindOf(err) != fault.Conflict {
		t.Fatal(err)
	}
	if got := limitedTo(t, s, 3).Jobs; len(got) != 0 {
		t.Fatalf("a claim that was lost has reported: dispatched %+v", got)
	}
	if _, err := s.Complete(t.Context(), done, rendition("aa"), report("one")); err != nil {
		t.Fatal(err)
	}
	if got := limitedTo(t, s, 3).Jobs; len(got) != 1 || got[0].ImageID != p.Images[2].ID {
		t.Errorf("dispatched %+v, want the third of host a", got)
	}
	if _, err := s.Complete(t.Context(), downloaded, rendition("bb"), report("of no one")); err != nil {
		t.Errorf("for a process that is not there: %v", err)
	}
}

// testProcesses: a process counts from its first heartbeat until it ends, or has
// been silent for too long.
func testProcesses(t *testing.T, s Store) {
	t.Helper()
	ctx, started := t.Context(), time.Now().Add(-3*time.Hour)
	want := func(what string, slots int, ids ...string) {
		t.Helper()
		got, err := s.Slots(ctx, time.Hour, time.Hour)
		list, listErr := s.Processes(ctx, time.Hour, 10)
		if err != nil || listErr != nil || got != slots || len(list) != len(ids) {
			t.Fatalf("%s: %d slots of %+v, want %d of %v; errors %v, %v", what, got, list, slots, ids, err, listErr)
		}
		for i, id := range ids {
			if list[i].ID != id || time.Since(list[i].HeartbeatAt).Abs() > time.Minute {
				t.Errorf("%s: process %d is %+v, want %s", what, i, list[i], id)
			}
		}
	}
	beat := func(id, role string, slots, inFlight int) {
		t.Helper()
		err := s.Heartbeat(ctx, processes.Process{
			ID: id, Role: role, Slots: slots, InFlight: inFlight, Held: 2, Version: "v1.4." + strconv.Itoa(inFlight), StartedAt: started, Draining: inFlight == 7,
			Use: processes.Use{Memory: 5 << 30, Renders: inFlight, PixelsUsed: 7_000_000_000, PixelBudget: 8_000_000_000},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(p processes.Process, renders int, draining bool) {
		t.Helper()
		if p.Use != (processes.Use{Memory: 5 << 30, Renders: renders, PixelsUsed: 7_000_000_000, PixelBudget: 8_000_000_000}) || p.Draining != draining ||
			p.Version != "v1.4.0" || p.StartedAt.Sub(started).Abs() > time.Minute {
			t.Errorf("process is %+v", p)
		}
	}
	want("none", 0)
	beat("one", "worker", 64, 0)
	beat("two", "worker", 16, 3)
	beat("three", "api", 0, 0)
	want("three", 80, "three", "one", "two")
	beat("one", "worker", 32, 7)
	want("another number of slots", 48, "three", "one", "two")
	if list, err := s.Processes(ctx, time.Hour, 2); err != nil || len(list) != 2 || list[1].Role != "worker" || list[1].Slots != 32 || list[1].InFlight != 7 {
		t.Errorf("the first two are %+v, %v", list, err)
	} else {
		is(list[0], 0, false)
		is(list[1], 7, true)
	}
	if err := s.EndProcess(ctx, "two"); err != nil {
		t.Fatal(err)
	}
	if err := s.EndProcess(ctx, "two"); err != nil {
		t.Errorf("ended twice: %v", err)
	}
	want("one has ended", 32, "three", "one")
	until(t, "the others are silent for too long", func() bool {
		slots, err := s.Slots(ctx, 5*time.Millisecond, 5*time.Millisecond)
		list, listErr := s.Processes(ctx, 5*time.Millisecond, 10)
		return err == nil && listErr == nil && slots == 0 && len(list) == 0
	})
	if slots, err := s.Slots(ctx, 5*time.Millisecond, time.Hour); err != nil || slots != 2*2 {
		t.Errorf("%d slots, %v; want those that the two held that are gone", slots, err)
	}
	if err := s.PurgeProcesses(ctx, time.Hour, 10); err != nil {
		t.Fatal(err)
	}
	want("silent, not for an hour", 32, "three", "one")
	until(t, "a millisecond has passed", func() bool {
		list, err := s.Processes(ctx, 2*time.Millisecond, 10)
		return err == nil && len(list) == 0
	})
	if err := s.PurgeProcesses(ctx, time.Millisecond, 1); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Processes(ctx, time.Hour, 10); err != nil || len(list) != 1 {
		t.Errorf("one at a time is purged: %+v are left, %v", list, err)
	}
	if err := s.EndLeases(ctx); err != nil {
		t.Fatal(err)
	}
	slots, err := s.Slots(ctx, processes.Gone, time.Hour)
	list, listErr := s.Processes(ctx, processes.Gone, 10)
	lost, lostErr := s.LostProcesses(ctx, processes.Gone, 10)
	if err != nil || listErr != nil || lostErr != nil || slots != 0 || len(list) != 0 || len(lost) != 1 {
		t.Errorf("a process has the database to itself: %d slots, %+v, lost %+v; %v, %v, %v", slots, list, lost, err, listErr, lostErr)
	}
}
