package failures_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

// TestSummaryAddsUp: nothing is counted twice or left out, whatever is cut off is
// said, and the most come first.
func TestSummaryAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) failures.Group {
			at := time.UnixMilli(rapid.Int64Range(1, 1000).Draw(t, "oldest")).UTC()
			g := failures.Group{
				Reason: rapid.SampledFrom(failures.Reasons()).Draw(t, "reason"),
				Tally:  failures.Tally{Count: rapid.IntRange(1, 500).Draw(t, "count"), OldestAt: at, NewestAt: at.Add(time.Minute)},
			}
			if g.Reason != failures.Unreadable {
				g.Host = fmt.Sprintf("h%d.example", rapid.IntRange(1, 70).Draw(t, "host"))
				g.UserID = rapid.Int64Range(1, 70).Draw(t, "user")
			}
			return g
		}), 0, 200).Draw(t, "groups")
		s := failures.Summarize(groups)
		want, images := 0, 0
		for _, g := range groups {
			want += g.Count
			if g.Reason != failures.Unreadable {
				images += g.Count
			}
		}
		sum := 0
		for i, r := range s.Reasons {
			if sum += r.Count; i > 0 && r.Count > s.Reasons[i-1].Count {
				t.Fatalf("reasons are not ordered: %+v", s.Reasons)
			}
		}
		if s.Count != want || sum != want {
			t.Fatalf("%d are counted, %d by reason, want %d", s.Count, sum, want)
		}
		hosts, users := 0, 0
		for i, h := range s.Hosts {
			cells := 0
			for _, r := range h.Reasons {
				cells += r.Count
			}
			if hosts += h.Count; cells != h.Count || i > 0 && h.Count > s.Hosts[i-1].Count {
				t.Fatalf("host %+v of %+v", h, s.Hosts)
			}
		}
		for _, u := range s.Users {
			users += u.Count
		}
		if s.OtherHosts == 0 && hosts != images || s.OtherUsers == 0 && users != images || hosts > images || users > images {
			t.Fatalf("%d by host and %d others, %d by user and %d others, want %d", hosts, s.OtherHosts, users, s.OtherUsers, images)
		}
		if s.OtherHosts > 0 != (s.OtherHosts+len(s.Hosts) > failures.MostHosts) || len(s.Hosts) > failures.MostHosts || len(s.Users) > failures.MostUsers {
			t.Fatalf("%d hosts and %d others", len(s.Hosts), s.OtherHosts)
		}
	})
}

func TestSummaryHasTimes(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return time.Date(2026, 11, 3, 9, minute, 0, 0, time.UTC) }
	group := func(reason fault.Reason, count, from, to int) failures.Group {
		return failures.Group{Reason: reason, Host: "a.example", UserID: 7, Tally: failures.Tally{Count: count, OldestAt: at(from), NewestAt: at(to)}}
	}
	s := failures.Summarize([]failures.Group{group(fault.SourceTimeout, 9_999, 20, 30), group(fault.SourceNotFound, 1, 5, 5)})
	if h := s.Hosts[0]; !h.OldestAt.Equal(at(5)) || !h.NewestAt.Equal(at(30)) || h.Count != 10_000 || !s.More {
		t.Errorf("summary is %+v", s)
	}
	if s := failures.Summarize([]failures.Group{group(fault.SourceTimeout, 9_999, 20, 30)}); s.More {
		t.Error("there is said to be more where all were counted")
	}
	if s := failures.Summarize(nil); s.Count != 0 || s.More || !s.OldestAt.IsZero() {
		t.Errorf("of nothing: %+v", s)
	}
}
