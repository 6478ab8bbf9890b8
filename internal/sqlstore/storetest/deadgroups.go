package storetest

import (
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

// testDeadGroups: failures are counted by reason, host and user, as they are listed.
func testDeadGroups(t *testing.T, s Store) {
	t.Helper()
	summary := func(f failures.Filter) failures.Summary {
		t.Helper()
		groups, err := s.GroupFailures(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return failures.Summarize(groups)
	}
	if got := summary(failures.Filter{}); got.Count != 0 || got.More {
		t.Errorf("of nothing: %+v", got)
	}
	began := time.Now().Add(-time.Hour)
	broken(t, s, fault.SourceNotFound, "http://a.example/1.jpg")
	a := broken(t, s, fault.SourceTimeout, "http://a.example/2.jpg", "http://a.example/3.jpg")
	broken(t, s, fault.SourceTimeout, "http://b.example/2.jpg")
	gone := broken(t, s, fault.SourceTimeout, "http://discarded.example/2.jpg")
	unreadable(t, s, "m1", "garbage")
	if _, err := s.DiscardFailures(t.Context(), []failures.ID{imageID(gone.Images[0])}); err != nil {
		t.Fatal(err)
	}
	got := summary(failures.Filter{})
	if got.Count != 5 || len(got.Hosts) != 2 || got.Hosts[0].Host != "a.example" || got.Hosts[0].Count != 3 ||
		got.Hosts[0].Reasons[0] != (failures.ReasonTally{Reason: fault.SourceTimeout, Tally: got.Hosts[0].Reasons[0].Tally}) || got.Hosts[0].Reasons[0].Count != 2 ||
		len(got.Reasons) != 3 || got.Reasons[0].Count != 3 || len(got.Users) != 1 || got.Users[0].UserID != user || got.Users[0].Count != 4 {
		t.Errorf("summary is %+v", got)
	}
	list := letters(t, s, failures.Filter{Host: "a.example"})
	oldest, newest := list[len(list)-1].FailedAt, list[0].FailedAt
	if h := got.Hosts[0]; !h.OldestAt.Equal(oldest) || !h.NewestAt.Equal(newest) {
		t.Errorf("host failed from %s to %s, want %s to %s", h.OldestAt, h.NewestAt, oldest, newest)
	}
	for name, f := range map[string]failures.Filter{
		"reason": {Reason: fault.SourceTimeout}, "unreadable": {Reason: failures.Unreadable}, "host": {Host: "a.example"}, "no such host": {Host: "c.example"},
		"user": {UserID: user}, "unknown user": {UserID: 999}, "product": {ProductID: a.ID}, "before long ago": {FailedBefore: began}, "since": {FailedAfter: newest},
		"several": {Host: "a.example", Reason: fault.SourceTimeout, UserID: user, FailedAfter: began},
	} {
		listed := letters(t, s, f)
		if got := summary(f); got.Count != len(listed) {
			t.Errorf("%s: %d are counted, %d are listed", name, got.Count, len(listed))
		}
	}
	if users := summary(failures.Filter{UserID: 999}).Users; !slices.Equal(users, nil) {
		t.Errorf("an unknown user has %v", users)
	}
}
