package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// testTry: a host whose breaker is open is tried at once, with one image; all else is refused and changes nothing.
func testTry(t *testing.T, s Store) {
	t.Helper()
	record(t, s, failing("a", 0, 9, timeout())...)
	record(t, s, media.Fetch{Host: "b", URL: 1, Took: time.Second})
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	if jobs := limited(t, s).Jobs; len(jobs) != 0 {
		t.Fatalf("dispatched %+v for a host with an open breaker", jobs)
	}
	before, _, err := inspector(s).Hosts(t.Context(), dispatch.HostFilter{Host: "a"}, 0)
	if err != nil || len(before) != 1 || before[0].State != dispatch.HostOpen {
		t.Fatalf("host is %+v, %v", before, err)
	}
	for name, kind := range map[string]fault.Kind{"b": fault.Conflict, "c": fault.Invalid} {
		if _, err := inspector(s).Try(t.Context(), name); fault.KindOf(err) != kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused := errors.New("no")
	if err := s.ReviseHost(t.Context(), "a", func(dispatch.Host, int64) (dispatch.Host, error) { return dispatch.Host{}, refused }); !errors.Is(err, refused) {
		t.Errorf("a rule that refuses: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wake := s.WakeOwn(ctx)
	tried, err := inspector(s).Try(t.Context(), "A")
	if err != nil || tried.State != dispatch.HostProbed || tried.Limit != 1 || tried.Parked != 3 || tried.Failures != before[0].Failures ||
		tried.FailingAt != before[0].FailingAt || tried.Reason != before[0].Reason || tried.ReasonText != before[0].ReasonText || tried.RecentMS != before[0].RecentMS {
		t.Errorf("tried host is %+v, %v", tried, err)
	}
	select {
	case <-wake:
	case <-time.After(20 * time.Second):
		t.Error("no dispatcher was woken")
	}
	probe := limited(t, s).Jobs
	if len(probe) != 1 || probe[0].ProductID != p.ID {
		t.Fatalf("dispatched %+v, want a probe", probe)
	}
	if more := limited(t, s).Jobs; len(more) != 0 {
		t.Errorf("dispatched %+v beside the probe", more)
	}
	if _, err := inspector(s).Try(t.Context(), "a"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("tried twice: %v", err)
	}
	record(t, s, media.Fetch{Host: "a", URL: 77, Took: time.Second})
	if more := limited(t, s).Jobs; len(more) != 1 {
		t.Errorf("after an answer %+v, want one more", more)
	}
}

// testPlaces: users in line have their place, counted over all users.
func testPlaces(t *testing.T, s Store) {
	t.Helper()
	second := MoreUsers()[0]
	record(t, s, media.Fetch{Host: "a", URL: 1, Took: time.Second})
	create(t, s, "http://a/1.jpg")
	createAt(t, s, second, 1, "new") // at a host that was never asked
	lineUp(t, s)
	create(t, s, "http://a/2.jpg")
	lineUp(t, s)
	o, err := inspector(s).Overview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, turn := range o.Turns {
		got = append(got, fmt.Sprintf("%d: user %d class %d, %d", turn.Place, turn.UserID, turn.Class, turn.Images))
		if !turn.FirstAt.IsZero() || turn.More {
			t.Errorf("nothing was done yet: %+v", turn)
		}
	}
	if want := []string{fmt.Sprintf("1: user %d class 1, 1", second), "1: user 1 class 0, 2"}; !slices.Equal(got, want) {
		t.Errorf("turns are %v, want %v", got, want)
	}
}

// testBusyHosts: those come first that most images are parked for, then those with most out.
func testBusyHosts(t *testing.T, s Store) {
	t.Helper()
	busy := func(limit int) (got []string) {
		t.Helper()
		hosts, err := s.BusyHosts(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hosts {
			got = append(got, fmt.Sprintf("%s %d %d", h.Name, h.Parked, h.InFlight))
		}
		return got
	}
	if got := busy(10); len(got) != 0 {
		t.Fatalf("of nothing: %v", got)
	}
	record(t, s, media.Fetch{Host: "a", URL: 1, Took: time.Second}, media.Fetch{Host: "idle", URL: 1, Took: time.Second})
	record(t, s, failing("d", 0, 5, timeout())...)
	create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg", "http://b/1.jpg", "http://c/1.jpg", "http://d/1.jpg", "http://d/2.jpg")
	limited(t, s)
	want := []string{"d 2 0", "a 1 2", "b 0 1", "c 0 1"}
	for limit := range len(want) + 1 {
		if got := busy(limit); !slices.Equal(got, want[:limit]) {
			t.Errorf("the first %d are %v, want %v", limit, got, want[:limit])
		}
	}
	hosts, err := inspector(s).Busy(t.Context())
	if err != nil || len(hosts) != 4 || hosts[0].State != dispatch.HostOpen || hosts[0].FailingAt == 0 || hosts[1].Limit != 2 || hosts[2].State != dispatch.HostUnknown {
		t.Errorf("busy hosts are %+v, %v", hosts, err)
	}
}
