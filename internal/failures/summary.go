package failures

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
)

// The bounds of a Summary.
const (
	CountMost = 10_000 // failures of each kind that are counted, newest first
	MostHosts = 50
	MostUsers = 50
)

// Group is how many of the counted failures have a reason, a host and a user.
type Group struct {
	Reason fault.Reason
	Host   string // "" for messages
	UserID int64  // 0 for messages
	Tally
}

// Tally is a number of failures, and when the first and the last of them failed.
type Tally struct {
	Count              int
	OldestAt, NewestAt time.Time
}

func (t Tally) plus(u Tally) Tally {
	if t.Count == 0 {
		return u
	}
	t.Count += u.Count
	if u.OldestAt.Before(t.OldestAt) {
		t.OldestAt = u.OldestAt
	}
	if u.NewestAt.After(t.NewestAt) {
		t.NewestAt = u.NewestAt
	}
	return t
}

// Summary is how many failures a filter selects, by reason, by host and by user, each
// with the most first. Costs and length are bounded, however many failed.
type Summary struct {
	Tally

	More    bool // there may be more failures, older ones, that are not counted
	Reasons []ReasonTally
	Hosts   []HostTally // at most MostHosts
	Users   []UserTally // at most MostUsers
	// How many hosts and users of the counted failures are left out.
	OtherHosts, OtherUsers int
}

// ReasonTally is the failures of a reason.
type ReasonTally struct {
	Reason fault.Reason
	Tally
}

// HostTally is the failures of a host, by reason.
type HostTally struct {
	Host string
	Tally

	Reasons []ReasonTally
}

// UserTally is the failures of a user.
type UserTally struct {
	UserID int64
	Tally
}

// Summary counts what the principal may read of the failures that the filter selects.
// fault.Invalid; fault.Forbidden where the filter names another user.
func (s *Service) Summary(ctx context.Context, by auth.Principal, f Filter) (Summary, error) {
	f, err := f.of(by)
	if err != nil {
		return Summary{}, err
	}
	groups, err := s.store.GroupFailures(ctx, f)
	return Summarize(groups), err
}

// Summarize adds up groups, which may come in any order.
func Summarize(groups []Group) Summary {
	var all Tally
	kinds := map[Kind]int{}
	reasons, users := map[fault.Reason]Tally{}, map[int64]Tally{}
	hosts := map[string]map[fault.Reason]Tally{}
	for _, g := range groups {
		all = all.plus(g.Tally)
		reasons[g.Reason] = reasons[g.Reason].plus(g.Tally)
		if g.Reason == Unreadable {
			kinds[KindMessage] += g.Count
			continue
		}
		kinds[KindImage] += g.Count
		users[g.UserID] = users[g.UserID].plus(g.Tally)
		if hosts[g.Host] == nil {
			hosts[g.Host] = map[fault.Reason]Tally{}
		}
		hosts[g.Host][g.Reason] = hosts[g.Host][g.Reason].plus(g.Tally)
	}
	out := Summary{Tally: all, More: max(kinds[KindImage], kinds[KindMessage]) >= CountMost, Reasons: byCount(reasons)}
	for host, of := range hosts {
		h := HostTally{Host: host, Reasons: byCount(of)}
		for _, r := range h.Reasons {
			h.Tally = h.plus(r.Tally)
		}
		out.Hosts = append(out.Hosts, h)
	}
	for user, t := range users {
		out.Users = append(out.Users, UserTally{user, t})
	}
	slices.SortFunc(out.Hosts, func(a, b HostTally) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Host, b.Host)) })
	slices.SortFunc(out.Users, func(a, b UserTally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.UserID, b.UserID))
	})
	out.OtherHosts, out.OtherUsers = max(len(out.Hosts)-MostHosts, 0), max(len(out.Users)-MostUsers, 0)
	out.Hosts, out.Users = out.Hosts[:min(len(out.Hosts), MostHosts)], out.Users[:min(len(out.Users), MostUsers)]
	return out
}

func byCount(reasons map[fault.Reason]Tally) []ReasonTally {
	list := make([]ReasonTally, 0, len(reasons))
	for _, r := range slices.Sorted(maps.Keys(reasons)) {
		list = append(list, ReasonTally{r, reasons[r]})
	}
	slices.SortStableFunc(list, func(a, b ReasonTally) int { return cmp.Compare(b.Count, a.Count) })
	return list
}
