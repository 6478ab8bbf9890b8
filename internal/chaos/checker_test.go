package chaos_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"
)

// The checkers are checked: each history with a fault must be caught, and those
// without must not.

func at(op, api string, revision int64, call, ret int) event {
	return event{op: op, api: api, life: 1, product: 7, revision: revision, call: ms(call), ret: ms(ret)}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestFreshnessIsChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		events []event
		caught bool
	}{
		"reads its write":                {[]event{at("change", "a", 2, 0, 10), at("read", "a", 2, 20, 30)}, false},
		"reads a later revision":         {[]event{at("change", "a", 2, 0, 10), at("read", "a", 5, 20, 30)}, false},
		"misses its write":               {[]event{at("change", "a", 2, 0, 10), at("read", "a", 1, 20, 30)}, true},
		"read beside the write":          {[]event{at("change", "a", 2, 0, 25), at("read", "a", 1, 20, 30)}, false},
		"goes back":                      {[]event{at("read", "a", 3, 0, 10), at("read", "a", 2, 20, 30)}, true},
		"the other may lag":              {[]event{at("change", "a", 2, 0, 10), at("read", "b", 1, 20, 30)}, false},
		"shows what is deleted":          {[]event{at("delete", "a", deletedRevision, 0, 10), at("read", "a", 9, 20, 30)}, true},
		"a read beside may be the older": {[]event{at("read", "a", 3, 0, 40), at("read", "a", 2, 20, 30)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := checkFreshness(test.events).violations; (len(got) > 0) != test.caught {
				t.Errorf("violations: %v", got)
			}
		})
	}
}

func TestStalenessIsMeasured(t *testing.T) {
	t.Parallel()
	f := checkFreshness([]event{
		at("change", "a", 2, 0, 10), at("change", "a", 3, 100, 110),
		at("read", "b", 1, 210, 220), at("read", "b", 3, 300, 310),
	})
	if f.stale != 1 || f.worst != 200*time.Millisecond || f.reads != 2 {
		t.Errorf("of %d reads %d were stale, the worst by %s", f.reads, f.stale, f.worst)
	}
}

func TestContentIsChecked(t *testing.T) {
	t.Parallel()
	first, second, maybe := state{Description: "1", Price: "1"}, state{Description: "2", Price: "2"}, state{Description: "3", Price: "3"}
	it := &item{id: 7, acked: map[int64]state{1: first, 4: second}, unknown: map[string]state{"3": maybe}}
	know := &model{byID: map[int64]*item{7: it}}
	for _, test := range []struct {
		revision int64
		shown    state
		caught   bool
	}{
		{1, first, false},
		{3, first, false},
		{4, first, true},
		{4, second, false},
		{2, second, true},
		{2, maybe, false},
		{2, state{Description: "3", Price: "2"}, true},
	} {
		read := at("read", "a", test.revision, 0, 1)
		read.shown = test.shown
		if bad := checkContent([]event{read}, know); (len(bad) > 0) != test.caught {
			t.Errorf("revision %d showing %s: %v", test.revision, test.shown.Description, bad)
		}
	}
}

func TestListsAreChecked(t *testing.T) {
	t.Parallel()
	list := func(api string, call int, ids ...int64) event {
		return event{op: "list", api: api, life: 1, status: 200, listed: ids, whole: true, call: ms(call), ret: ms(call + 5)}
	}
	for name, test := range map[string]struct {
		events []event
		caught bool
	}{
		"shows it":           {[]event{at("create", "a", 1, 0, 10), list("a", 20, 7)}, false},
		"lacks it":           {[]event{at("create", "a", 1, 0, 10), list("a", 20)}, true},
		"the other may lag":  {[]event{at("create", "a", 1, 0, 10), list("b", 20)}, false},
		"but not for long":   {[]event{at("create", "a", 1, 0, 10), list("b", 2000)}, true},
		"shows it too long":  {[]event{at("delete", "a", deletedRevision, 0, 10), list("a", 20, 7)}, true},
		"deleted, not shown": {[]event{at("create", "a", 1, 0, 10), at("delete", "a", deletedRevision, 12, 15), list("a", 20)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, bad := checkLists(test.events, time.Second); (len(bad) > 0) != test.caught {
				t.Errorf("found %v", bad)
			}
		})
	}
}

func TestCrowdIsChecked(t *testing.T) {
	t.Parallel()
	when := func(second int) time.Time { return time.Unix(int64(second), 0) }
	one := func(n, from, to int) request {
		r := request{url: strconv.Itoa(n), from: when(from)}
		if to > 0 {
			r.to = when(to)
		}
		return r
	}
	begun := func(at ...int) (list []worked) { // begun, ended, begun again, …
		for i, second := range at {
			list = append(list, worked{at: when(second), begun: i%2 == 0})
		}
		return list
	}
	four := []request{one(1, 11, 30), one(2, 12, 30), one(3, 13, 30), one(4, 14, 30)}
	soon := append([]request{one(1, 11, 22)}, four[1:]...)
	attempts := map[string][]worked{"1": begun(10, 31), "2": begun(10, 31), "3": begun(10, 31), "4": begun(10, 31), "5": begun(10, 50)}
	with := func(url string, at ...int) map[string][]worked {
		all := maps.Clone(attempts)
		all[url] = begun(at...)
		return all
	}
	for name, test := range map[string]struct {
		requests []request
		attempts map[string][]worked
		answered time.Time
		caught   bool
		faults   []span
	}{
		"as many as may":                         {four, attempts, when(1), false, nil},
		"one more":                               {append(slices.Clone(four), one(5, 20, 40)), attempts, when(1), true, nil},
		"one more that goes on":                  {append(slices.Clone(four), one(5, 20, 0)), attempts, when(1), true, nil},
		"one after another":                      {append(slices.Clone(four), one(5, 30, 40)), attempts, when(1), false, nil},
		"one attempt was over":                   {append(slices.Clone(soon), one(5, 20, 40)), with("1", 10, 15), when(1), false, nil},
		"it goes on for too long":                {append(slices.Clone(four), one(5, 20, 40)), with("1", 10, 15), when(1), true, nil},
		"it goes on without end":                 {append([]request{one(1, 11, 0)}, append(slices.Clone(four[1:]), one(5, 20, 40))...), with("1", 10, 15), when(1), true, nil},
		"for too long, beside a fault":           {append(slices.Clone(four), one(5, 20, 40)), with("1", 10, 15), when(1), false, []span{{when(22), when(23)}}},
		"for too long after a fault":             {append(slices.Clone(four), one(5, 20, 40)), with("1", 10, 15), when(1), true, []span{{when(14), when(17)}, {when(24), when(50)}}},
		"after a fault that was over":            {append(slices.Clone(four), one(5, 20, 40)), with("1", 10, 15), when(1), true, []span{{when(12), when(14)}}},
		"it was over later":                      {append(slices.Clone(four), one(5, 20, 40)), with("1", 10, 21), when(1), true, nil},
		"it was over, and begun again":           {append(slices.Clone(soon), one(5, 20, 40)), with("1", 10, 15, 16, 40), when(1), false, nil},
		"it was asked for after its attempt":     {append(slices.Clone(four), one(5, 20, 26)), with("5", 10, 19), when(1), false, nil},
		"it was asked for in its second attempt": {append(slices.Clone(four), one(5, 20, 40)), with("5", 10, 18, 19, 50), when(1), true, nil},
		"never begun":                            {append(slices.Clone(four[:1]), one(5, 20, 40)), with("5"), when(1), true, nil},
		"two at a host that has not answered":    {four[:2], attempts, when(13), true, nil},
		"two at a host that never answers":       {four[:2], attempts, time.Time{}, true, nil},
		"the second after the host has answered": {four[:2], attempts, when(12), false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c := crowded(slices.Clone(test.requests), test.answered, test.attempts, test.faults); (len(c.wrong) > 0) != test.caught {
				t.Errorf("at most %d at once, wrong: %v", c.most, c.wrong)
			}
		})
	}
}
