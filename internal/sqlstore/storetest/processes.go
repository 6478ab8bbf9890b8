package storetest

import (
	"testing"
	"time"

	"vitrine.dev/internal/processes"
)

// testProcesses: a process counts from its first heartbeat until it ends, or has
// been silent for too long.
func testProcesses(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	want := func(what string, slots int, ids ...string) {
		t.Helper()
		got, err := s.Slots(ctx, time.Hour)
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
		if err := s.Heartbeat(ctx, processes.Process{ID: id, Role: role, Slots: slots, InFlight: inFlight}); err != nil {
			t.Fatal(err)
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
	}
	if err := s.EndProcess(ctx, "two"); err != nil {
		t.Fatal(err)
	}
	if err := s.EndProcess(ctx, "two"); err != nil {
		t.Errorf("ended twice: %v", err)
	}
	want("one has ended", 32, "three", "one")
	until(t, "the others are silent for too long", func() bool {
		slots, err := s.Slots(ctx, 5*time.Millisecond)
		list, listErr := s.Processes(ctx, 5*time.Millisecond, 10)
		return err == nil && listErr == nil && slots == 0 && len(list) == 0
	})
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
	want("a process has the database to itself", 0)
}
