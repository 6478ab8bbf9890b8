package dispatch_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// TestTry: an open breaker lets one image through at once, and none other is changed.
func TestTry(t *testing.T) {
	t.Parallel()
	const now = 1_000_000
	open := dispatch.Host{AnsweredAt: 7, Failures: 9, FailingAt: 8, OpenUntil: now + 240_000, Reason: fault.SourceTimeout, Counted: []int64{1, 2}}
	probed, failing, over := open, open, open
	probed.OpenUntil, over.OpenUntil = 0, now
	failing.OpenUntil, failing.Failures = 0, 2
	store := &fakeInspected{}
	set := func(h dispatch.Host) { store.hosts = []dispatch.HostView{{Name: "a.example:8080", Now: now, Host: h}} }
	i := dispatch.NewInspector(store, dispatch.Limits{Host: 4, NewHost: 1})

	set(open)
	h, err := i.Try(t.Context(), "A.example:8080")
	if err != nil || h.State != dispatch.HostProbed || h.Limit != 1 || h.Failures != 9 || !slices.Equal(h.Counted, open.Counted) || h.FailingAt != 8 {
		t.Errorf("tried: %+v, %v", h, err)
	}
	// Another failure has it open for longer than before; an answer closes it.
	again := dispatch.Observe(h.Host, now+1, media.Fetch{URL: 77, Failure: fault.Fail(fault.SourceTimeout, "It was slow.", nil)})
	if again.Failures != 10 || again.OpenUntil <= now+60_000 {
		t.Errorf("after a failed attempt: %+v", again)
	}
	for want, h := range map[string]dispatch.Host{
		"already": probed, "one picture at a time": over, "nothing keeps": failing, "nothing keeps pictures": {AnsweredAt: 5},
	} {
		set(h)
		_, err := i.Try(t.Context(), "a.example:8080")
		var problem *fault.Error
		if !errors.As(err, &problem) || problem.Kind != fault.Conflict || !problem.Fields.Has(dispatch.FieldHost) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", h, err, want)
		}
		if store.hosts[0].OpenUntil != h.OpenUntil {
			t.Errorf("%+v became %+v", h, store.hosts[0])
		}
	}
	for name, want := range map[string]string{"b.example": "fetched from", "": "such as", "a/b": "such as", strings.Repeat("a", 300): "such as"} {
		if _, err := i.Try(t.Context(), name); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}

// TestTurns: whose images go next is told in the order of the lines, and when they are done where the pace is known.
func TestTurns(t *testing.T) {
	t.Parallel()
	const now = 1_000_000
	store := &fakeInspected{
		groups: []dispatch.Group{
			{State: dispatch.StateInLine, UserID: 5, Images: 3, First: 2, Last: 40},
			{State: dispatch.StateInLine, UserID: 4, Images: dispatch.CountMost - 3, First: 1, Last: dispatch.CountMost},
			{State: dispatch.StateInLine, Class: dispatch.Contact, UserID: 5, Images: 2, First: 1, Last: 2},
			{State: dispatch.StateParked, UserID: 3, Images: 8},
			{State: dispatch.StateBegun, UserID: 4, Images: 8},
		},
		pace: dispatch.Pace{Done: 20, Since: now - 10_000}, // two a second
	}
	show := func() string {
		t.Helper()
		o, err := dispatch.NewInspector(store, dispatch.Limits{}).Overview(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		after := func(at time.Time) string {
			if at.IsZero() {
				return "?"
			}
			return at.Sub(o.At).String()
		}
		var lines []string
		for _, turn := range o.Turns {
			lines = append(lines, fmt.Sprintf("%d: user %d class %d, %d %t, %s to %s", turn.Place, turn.UserID, turn.Class, turn.Images, turn.More, after(turn.FirstAt), after(turn.LastAt)))
		}
		return strings.Join(lines, "\n")
	}
	if got, want := show(), `1: user 5 class 1, 2 false, ? to ?
1: user 4 class 0, 9997 true, 500ms to 1h23m20s
2: user 5 class 0, 3 true, 1s to 20s`; got != want {
		t.Errorf("turns are\n%s\nwant\n%s", got, want)
	}
	store.pace, store.groups = dispatch.Pace{}, store.groups[:1]
	if got, want := show(), "2: user 5 class 0, 3 false, ? to ?"; got != want {
		t.Errorf("without a pace turns are\n%s\nwant\n%s", got, want)
	}
	for n := range 100 {
		store.groups = append(store.groups, dispatch.Group{State: dispatch.StateInLine, UserID: int64(1000 - n), Images: 1, First: 100 - n, Last: 100 - n})
	}
	o, err := dispatch.NewInspector(store, dispatch.Limits{}).Overview(t.Context())
	if err != nil || len(o.Turns) != dispatch.MostTurns || o.Turns[0].UserID != 901 || o.Turns[0].Place != 1 {
		t.Errorf("turns are %+v, %v", o.Turns, err)
	}
}

// TestBusy: hosts that most waits for are judged as all others are.
func TestBusy(t *testing.T) {
	t.Parallel()
	store := &fakeInspected{hosts: []dispatch.HostView{{Host: dispatch.Host{AnsweredAt: 1}, Now: 10, Parked: 7}, {Now: 10}}}
	hosts, err := dispatch.NewInspector(store, dispatch.Limits{Host: 4, NewHost: 1}).Busy(t.Context())
	if err != nil || store.query.Limit != dispatch.MostBusy || len(hosts) != 2 || hosts[0].Limit != 4 || hosts[0].State != dispatch.HostAnswers || hosts[1].Limit != 1 {
		t.Errorf("busy hosts are %+v, %v", hosts, err)
	}
}
