package dispatch_test

import (
	"cmp"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
)

const drawnNow = 1_000_000

// limits draws limits, whose slots are perhaps fewer than what is out.
func limits(rt *rapid.T) dispatch.Limits {
	return dispatch.Limits{
		Slots: rapid.IntRange(1, 40).Draw(rt, "slots"), Host: rapid.IntRange(1, 5).Draw(rt, "host limit"), NewHost: 1,
		ContactFor: 5 * time.Second, Life: time.Minute,
	}
}

// windows draws what a step may see: ids are distinct, the lines are in order, and
// the lowest ranks of a host are those of its rows.
func windows(rt *rapid.T, l dispatch.Limits) dispatch.Window {
	w := dispatch.Window{Now: drawnNow, Hosts: map[string]dispatch.HostState{}, Ends: map[dispatch.Flow]int64{}}
	hosts := rapid.IntRange(1, 8).Draw(rt, "hosts")
	for i := range hosts {
		h := dispatch.Host{RecentMS: rapid.Int64Range(0, 3000).Draw(rt, "recent")}
		switch rapid.IntRange(0, 4).Draw(rt, "state") {
		case 0: // never asked
		case 1:
			h.Failures, h.OpenUntil = 5, drawnNow+1
		case 2:
			h.Failures, h.AnsweredAt = 7, 1 // its breaker lets a probe through
		default:
			h.AnsweredAt = 1
		}
		w.Hosts[strconv.Itoa(i)] = dispatch.HostState{Host: h}
	}
	id := int64(0)
	row := func(stage media.Stage) dispatch.Row {
		id++
		r := dispatch.Row{
			ID: id, Stage: stage, UserID: rapid.Int64Range(1, 4).Draw(rt, "user"),
			Host: strconv.Itoa(rapid.IntRange(0, hosts-1).Draw(rt, "host")),
		}
		if stage == media.InLine || stage == media.Out {
			r.Rank, r.Cost = rapid.Int64Range(0, 5000).Draw(rt, "rank"), rapid.Int64Range(1, 1000).Draw(rt, "cost")
			r.Class = dispatch.Class(rapid.IntRange(0, 1).Draw(rt, "class"))
		}
		switch stage { //nolint:exhaustive // the others have no more
		case media.Out:
			r.Begun = rapid.Bool().Draw(rt, "begun")
			r.Fetched = r.Begun && rapid.Bool().Draw(rt, "fetched")
			r.Released = r.Fetched && rapid.Bool().Draw(rt, "released")
			r.Token = drawnNow + rapid.Int64Range(-1000, 60_000).Draw(rt, "token")
		case media.Later:
			r.DueAt = rapid.Int64Range(0, 20).Draw(rt, "due")
		}
		return r
	}
	for range rapid.IntRange(0, 20).Draw(rt, "out") {
		w.Out = append(w.Out, row(media.Out))
	}
	for range rapid.IntRange(0, 40).Draw(rt, "in line") {
		r := row(media.InLine)
		w.Line[r.Class] = append(w.Line[r.Class], r)
	}
	for range rapid.IntRange(0, 20).Draw(rt, "due") {
		w.Due = append(w.Due, row(media.Later))
	}
	for range rapid.IntRange(0, 5).Draw(rt, "parked") {
		w.Parked = append(w.Parked, row(media.Parked))
	}
	w.More = rapid.Bool().Draw(rt, "more")
	for _, line := range w.Line {
		slices.SortFunc(line, func(a, b dispatch.Row) int { return cmp.Compare(a.Rank, b.Rank) })
	}
	for _, r := range slices.Concat(w.Out, w.Line[0], w.Line[1]) {
		if state := w.Hosts[r.Host]; !r.Fetched {
			state.Ranks = append(state.Ranks, r.Rank)
			slices.Sort(state.Ranks)
			state.Ranks = state.Ranks[:min(len(state.Ranks), l.Host)]
			w.Hosts[r.Host] = state
		}
		flow := dispatch.Flow{UserID: r.UserID, Class: r.Class}
		w.Ends[flow] = max(w.Ends[flow], r.Rank+r.Cost)
	}
	return w
}

// limitOf is how many images of the host may be out.
func limitOf(h dispatch.HostState, l dispatch.Limits) int {
	switch {
	case h.OpenUntil > drawnNow:
		return 0
	case h.Failures >= 5 || h.AnsweredAt == 0:
		return 1
	}
	return l.Host
}

// TestDecide: no limit is exceeded by what goes out, nothing has two positions, only
// users who have nothing get the last slots, and what is parked is behind as many
// images of its host as may be out, or so many are out.
func TestDecide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := limits(rt)
		w := windows(rt, l)
		room := rapid.IntRange(-3, 60).Draw(rt, "room")
		lost := map[int64]bool{}
		byHost, byUser, first, free := map[string]int{}, map[int64]int{}, 0, l.Slots
		for _, r := range w.Out {
			if !r.Released {
				byUser[r.UserID]++
				free--
			}
			lost[r.ID] = !r.Begun && r.Token <= drawnNow
			if r.Fetched {
				continue
			}
			byHost[r.Host]++
			if r.Class == dispatch.Contact && drawnNow-(r.Token-60_000) < 5000 {
				first++
			}
		}
		slots, placed, sent := free, map[int64]bool{}, 0
		reserve := 0
		if l.Slots >= 4 {
			reserve = max(l.Slots/8, 1)
		}
		decided := dispatch.Decide(w, [dispatch.Classes]int64{}, l, room).Positions
		for _, p := range decided {
			if placed[p.ID] {
				rt.Fatalf("%+v is placed twice", p)
			}
			placed[p.ID] = true
			state := w.Hosts[p.Host]
			if p.To == media.Parked && p.Stage == media.Parked || p.To == media.InLine && p.Stage == media.InLine && p.Class == p.NewClass {
				rt.Fatalf("%+v is placed for nothing", p)
			}
			if p.To != media.Out {
				continue
			}
			if sent++; lost[p.ID] {
				continue // it has its slots
			}
			if byHost[p.Host]++; byHost[p.Host] > limitOf(state, l) {
				rt.Fatalf("%+v goes out beyond its host's limit of %d", p, limitOf(state, l))
			}
			if free <= reserve && byUser[p.UserID] > 0 {
				rt.Fatalf("%+v takes one of the last %d slots, its user has %d", p, free, byUser[p.UserID])
			}
			if contact := state.Failures >= 5 || state.AnsweredAt == 0; contact != (p.NewClass == dispatch.Contact) {
				rt.Fatalf("%+v is of the wrong class", p)
			} else if contact {
				if first++; first > max(l.Slots/4, 1) {
					rt.Fatalf("%+v is first contact number %d", p, first)
				}
			}
			byUser[p.UserID]++
			free--
		}
		if sent > max(room, 0) || free < min(0, slots) {
			rt.Fatalf("%d go out, there is room for %d; %d slots are left", sent, room, free)
		}
		ranks := ranksAfter(w, decided)
		for _, p := range decided {
			limit := limitOf(w.Hosts[p.Host], l)
			if p.To != media.Parked || p.Stage == media.Out || byHost[p.Host] >= limit {
				continue
			}
			if before, _ := slices.BinarySearch(ranks[p.Host], p.NewRank+1); before < limit {
				rt.Fatalf("%+v is parked behind %d of %v, its host may have %d out", p, before, ranks[p.Host], limit)
			}
		}
	})
}

// ranksAfter are those of what each host has in line, or out and not downloaded, after a step.
func ranksAfter(w dispatch.Window, decided []dispatch.Position) map[string][]int64 {
	ranks, placed := map[string][]int64{}, map[int64]bool{}
	for _, p := range decided {
		placed[p.ID] = true
		if p.To != media.Parked {
			ranks[p.Host] = append(ranks[p.Host], p.NewRank)
		}
	}
	for _, r := range slices.Concat(w.Out, w.Line[0], w.Line[1]) {
		if !r.Fetched && !placed[r.ID] {
			ranks[r.Host] = append(ranks[r.Host], r.Rank)
		}
	}
	for _, of := range ranks {
		slices.Sort(of)
	}
	return ranks
}

// TestDecideInOrderOfRank: where nothing limits, the lowest ranks go.
func TestDecideInOrderOfRank(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := dispatch.Limits{Slots: 1 << 20, Host: 1 << 20, NewHost: 1 << 20, Life: time.Minute}
		w := windows(rt, l)
		for host, state := range w.Hosts {
			state.Host = dispatch.Host{AnsweredAt: 1, RecentMS: 100}
			w.Hosts[host] = state
		}
		w.Out, w.Line[dispatch.Contact] = nil, nil
		room := rapid.IntRange(0, 60).Draw(rt, "room")
		highest, out, ranks := int64(-1), 0, map[int64]int64{}
		for _, r := range w.Line[dispatch.Known] {
			ranks[r.ID] = r.Rank
		}
		for _, p := range dispatch.Decide(w, [dispatch.Classes]int64{}, l, room).Positions {
			ranks[p.ID] = p.NewRank
			if p.To == media.Out {
				out, highest = out+1, max(highest, p.NewRank)
				delete(ranks, p.ID)
			}
		}
		if want := min(room, len(w.Line[0])+len(w.Due)+len(w.Parked)); out != want {
			rt.Fatalf("%d go out, want %d", out, want)
		}
		for id, rank := range ranks {
			if rank < highest {
				rt.Fatalf("image %d waits with rank %d, and %d goes", id, rank, highest)
			}
		}
	})
}

// TestParkedBehindEarlierRanksOnly: a host's images in line that come later than a
// new one do not park it.
func TestParkedBehindEarlierRanksOnly(t *testing.T) {
	t.Parallel()
	l := dispatch.Limits{Slots: 16, Host: 4, NewHost: 1, Life: time.Minute}
	for name, c := range map[string]struct {
		ranks []int64
		want  media.Stage
	}{"later ranks": {[]int64{9000, 9001, 9002, 9003}, media.Out}, "earlier ranks": {[]int64{0, 0, 0, 0}, media.Parked}} {
		w := dispatch.Window{
			Now: drawnNow, Due: []dispatch.Row{{ID: 1, UserID: 2, Host: "x", Stage: media.Later}},
			Hosts: map[string]dispatch.HostState{"x": {Host: dispatch.Host{AnsweredAt: 1}, Ranks: c.ranks}},
		}
		d := dispatch.Decide(w, [dispatch.Classes]int64{}, l, 16)
		if len(d.Positions) != 1 || d.Positions[0].To != c.want {
			t.Errorf("%s: %+v", name, d.Positions)
		}
	}
}
