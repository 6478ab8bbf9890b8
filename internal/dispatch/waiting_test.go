package dispatch_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// TestWaiting: what an image waits for, and until when, wherever it is.
func TestWaiting(t *testing.T) {
	t.Parallel()
	const now = 1_000_000
	limits := dispatch.Limits{Slots: 64, Host: 4, NewHost: 1}
	pace := dispatch.Pace{Done: 30, Since: now - 15_000} // two a second
	known := dispatch.Host{AnsweredAt: 1, RecentMS: 2000}
	for name, c := range map[string]struct {
		dispatch.Waiter

		what  dispatch.WaitsFor // "": for nothing
		until int64             // from now; 0 for what is not known
	}{
		"just come":            {dispatch.Waiter{Stage: media.Later, DueAt: now}, dispatch.ForTurn, 0},
		"a retry":              {dispatch.Waiter{Stage: media.Later, DueAt: now + 7}, dispatch.ForRetry, 7},
		"at the queue":         {dispatch.Waiter{Stage: media.Out, Pace: pace}, dispatch.ForTurn, 0},
		"begun":                {dispatch.Waiter{Stage: media.Out, Begun: true}, "", 0},
		"first of the line":    {dispatch.Waiter{Stage: media.InLine, Pace: pace}, dispatch.ForTurn, 500},
		"in the line":          {dispatch.Waiter{Stage: media.InLine, Pace: pace, Before: 99}, dispatch.ForTurn, 50_000},
		"nothing done lately":  {dispatch.Waiter{Stage: media.InLine, Before: 99}, dispatch.ForTurn, 0},
		"far behind":           {dispatch.Waiter{Stage: media.InLine, Pace: pace, Before: dispatch.BeforeMost}, dispatch.ForTurn, 0},
		"a first contact":      {dispatch.Waiter{Stage: media.InLine, Pace: pace, Class: dispatch.Contact}, dispatch.ForTurn, 0},
		"host full":            {dispatch.Waiter{Stage: media.Parked, Host: known, Before: 7}, dispatch.ForHost, 4000},
		"host full, far":       {dispatch.Waiter{Stage: media.Parked, Host: known, Before: dispatch.BeforeMost}, dispatch.ForHost, 0},
		"host not known":       {dispatch.Waiter{Stage: media.Parked}, dispatch.ForHost, 0},
		"breaker open":         {dispatch.Waiter{Stage: media.Parked, Host: dispatch.Host{Failures: 5, OpenUntil: now + 9, RecentMS: 1}}, dispatch.ForHost, 9},
		"breaker lets one out": {dispatch.Waiter{Stage: media.Parked, Host: dispatch.Host{Failures: 5, RecentMS: 1000}, Before: 2}, dispatch.ForHost, 3000},
		"ready, refreshed":     {dispatch.Waiter{Stage: media.Parked, Status: catalog.Ready}, "", 0},
	} {
		c.Now, c.HasWork = now, true
		if c.Status == "" {
			c.Status = catalog.Pending
		}
		w, waits := c.Waiting(limits)
		if waits != (c.what != "") || w.For != c.what || w.Until.IsZero() != (c.until == 0) || c.until != 0 && w.Until.UnixMilli() != now+c.until {
			t.Errorf("%s: waits for %+v, want %s until %d", name, w, c.what, now+c.until)
		}
		c.HasWork = false
		if w, waits := c.Waiting(limits); waits {
			t.Errorf("%s, without work: waits for %+v", name, w)
		}
	}
}

// fakeInspected is a store with what is set.
type fakeInspected struct {
	groups []dispatch.Group
	pace   dispatch.Pace
	slots  int
	alive  []processes.Process
	lost   []processes.Process
	reads  int
	answer <-chan struct{} // nil, or Backlog waits for it
	err    error
	query  dispatch.HostQuery
	hosts  []dispatch.HostView
}

func (f *fakeInspected) Waiter(context.Context, int64, int64) (catalog.Image, dispatch.Waiter, error) {
	return catalog.Image{}, dispatch.Waiter{}, f.err
}

func (f *fakeInspected) Backlog(ctx context.Context) ([]dispatch.Group, dispatch.Pace, int64, error) {
	f.reads++
	if f.answer != nil {
		<-f.answer
	}
	return f.groups, f.pace, 1_000_000, cmp.Or(f.err, ctx.Err())
}

func (f *fakeInspected) Slots(context.Context, time.Duration, time.Duration) (int, error) {
	return f.slots, f.err
}

func (f *fakeInspected) Hosts(_ context.Context, q dispatch.HostQuery) ([]dispatch.HostView, error) {
	f.query = q
	return slices.Clone(f.hosts[:min(q.Limit, len(f.hosts))]), f.err
}

func (f *fakeInspected) OpenHosts(_ context.Context, failures, most int) (int, error) {
	return failures*100_000 + most, f.err
}

func (f *fakeInspected) Processes(context.Context, time.Duration, int) ([]processes.Process, error) {
	return f.alive, f.err
}

func (f *fakeInspected) LostProcesses(context.Context, time.Duration, int) ([]processes.Process, error) {
	return f.lost, f.err
}

func (f *fakeInspected) FailingHosts(_ context.Context, failures, limit int) ([]dispatch.HostView, error) {
	f.query = dispatch.HostQuery{Failures: failures, Limit: limit}
	return slices.Clone(f.hosts), f.err
}

func (f *fakeInspected) BusyHosts(_ context.Context, limit int) ([]dispatch.HostView, error) {
	f.query = dispatch.HostQuery{Limit: limit}
	f.reads++
	return slices.Clone(f.hosts), f.err
}

func (f *fakeInspected) ReviseHost(_ context.Context, name string, rule func(dispatch.Host, int64) (dispatch.Host, error)) error {
	for i, h := range f.hosts {
		if h.Name == name {
			next, err := rule(h.Host, h.Now)
			if err == nil {
				f.hosts[i].Host = next
			}
			return err
		}
	}
	return dispatch.ErrUnknownHost
}

// TestOverview: what was looked at is summed up by state and by user, and what
// was not is said to be there.
func TestOverview(t *testing.T) {
	t.Parallel()
	store := &fakeInspected{
		groups: []dispatch.Group{
			{State: dispatch.StateInLine, Class: dispatch.Known, UserID: 1, Images: dispatch.CountMost - 1, OldestAt: 500, DueAt: 600},
			{State: dispatch.StateInLine, Class: dispatch.Contact, UserID: 2, Images: 2, OldestAt: 300, DueAt: 700},
			{State: dispatch.StateBegun, UserID: 2, Images: 3, OldestAt: 700},
			{State: dispatch.StateDispatched, UserID: 3, Images: 3, OldestAt: 800},
			{State: dispatch.StateParked, UserID: 3, Images: 1, OldestAt: 900},
		},
		pace:  dispatch.Pace{Done: 10, Since: 999_000},
		slots: 96, // of more processes than are listed
		alive: []processes.Process{{Role: "worker", Slots: 64, InFlight: 4}},
		lost:  []processes.Process{{ID: "dead", Role: "worker", InFlight: 12}},
	}
	for more := range 2 {
		o, err := dispatch.NewInspector(store, dispatch.Limits{}).Overview(t.Context())
		if err != nil || o.Slots != 96 || o.InFlight != 6 || o.PerSecond != 10 || len(o.Lost) != 1 || o.Lost[0].ID != "dead" || o.At.UnixMilli() != 1_000_000 {
			t.Fatalf("overview is %+v, %v", o, err)
		}
		var states strings.Builder
		for _, c := range o.States {
			fmt.Fprintf(&states, "%s %d %t, ", c.State, c.Images, c.More)
		}
		got := states.String()
		line := fmt.Sprintf("in_line %d %t", dispatch.CountMost+1+more, more == 1)
		if want := "due 0 false, " + line + ", dispatched 3 false, begun 3 false, parked 1 false, later 0 false, "; got != want {
			t.Errorf("states are %s\nwant      %s", got, want)
		}
		want := []dispatch.UserWork{{2, 3, 2, more == 1}, {3, 3, 1, more == 1}, {1, 0, dispatch.CountMost - 1 + more, more == 1}}
		if !slices.Equal(o.Users, want) {
			t.Errorf("users are %+v, want %+v", o.Users, want)
		}
		if o.States[1].DueAt.UnixMilli() != 600 || !o.States[0].DueAt.IsZero() {
			t.Errorf("the first that were due are %+v", o.States)
		}
		if o.States[1].OldestAt.UnixMilli() != 300 || !o.States[0].OldestAt.IsZero() {
			t.Errorf("the oldest are %+v", o.States)
		}
		store.groups[0].Images++
	}
	store.groups[2].Images = dispatch.CountMost - 3
	if o, err := dispatch.NewInspector(store, dispatch.Limits{}).Overview(t.Context()); err != nil || !o.States[2].More || !o.States[3].More ||
		o.InFlight != dispatch.CountMost {
		t.Errorf("of what is out, as much as is looked at: %+v, %v", o, err)
	}
	for user := range int64(100) {
		store.groups = append(store.groups, dispatch.Group{State: dispatch.StateDue, UserID: 100 + user, Images: 1})
	}
	if o, err := dispatch.NewInspector(store, dispatch.Limits{}).Overview(t.Context()); err != nil || len(o.Users) != dispatch.MostUsers {
		t.Errorf("%d users, %v", len(o.Users), err)
	}
}

// TestReadOnce a second, however many ask, is an overview, and so are busy hosts; an error is not kept.
func TestReadOnce(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(context.Context, *dispatch.Inspector) (int, error){
		"overview": func(ctx context.Context, i *dispatch.Inspector) (int, error) {
			o, err := i.Overview(ctx)
			return o.Slots, err
		},
		"busy hosts": func(ctx context.Context, i *dispatch.Inspector) (int, error) {
			hosts, err := i.Busy(ctx)
			return len(hosts), err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := &fakeInspected{err: errors.New("down"), slots: 2, hosts: make([]dispatch.HostView, 2)}
			i := dispatch.NewInspector(store, dispatch.Limits{})
			if _, err := ask(t.Context(), i); err == nil {
				t.Errorf("%s: no error", name)
			}
			store.err, store.reads = nil, 0
			for range 15 {
				if n, err := ask(t.Context(), i); err != nil || n != 2 {
					t.Errorf("%s: %d, %v", name, n, err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			if store.reads != 2 {
				t.Errorf("%s: read %d times in 1.5 s", name, store.reads)
			}
		})
	}
}

// TestOverviewOfOneThatLeaves: who asks leaves when its own time is over, and the one
// reading goes on for the others.
func TestOverviewOfOneThatLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		store := &fakeInspected{slots: 7, answer: answer}
		i := dispatch.NewInspector(store, dispatch.Limits{})
		var asking sync.WaitGroup
		for n := range 3 {
			patience := time.Duration(n+1) * time.Second
			asking.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				start := time.Now()
				if _, err := i.Overview(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != patience {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			})
		}
		synctest.Wait()
		asking.Go(func() {
			if o, err := i.Overview(t.Context()); err != nil || o.Slots != 7 || store.reads != 1 {
				t.Errorf("overview is %+v, %v, read %d times", o, err, store.reads)
			}
		})
		time.Sleep(5 * time.Second)
		close(answer)
		asking.Wait()
	})
}

// TestHostPages: a list of hosts is asked for by the rules, and each has its condition.
func TestHostPages(t *testing.T) {
	t.Parallel()
	store := &fakeInspected{}
	for _, h := range []dispatch.Host{{}, {AnsweredAt: 1}, {AnsweredAt: 1, Failures: 4}, {Failures: 5}, {AnsweredAt: 1, Failures: 5, OpenUntil: 11}} {
		store.hosts = append(store.hosts, dispatch.HostView{Host: h, Now: 10})
	}
	i := dispatch.NewInspector(store, dispatch.Limits{Host: 4, NewHost: 1})
	got, more, err := i.Hosts(t.Context(), dispatch.HostFilter{Host: "A", State: dispatch.HostOpen, After: "b"}, 5)
	if want := (dispatch.HostQuery{Host: "a", Failures: 5, After: "b", Limit: 6}); err != nil || more || store.query != want {
		t.Errorf("asked for %+v, %t, %v; want %+v", store.query, more, err, want)
	}
	var seen strings.Builder
	for _, h := range got {
		fmt.Fprintf(&seen, "%s %d, ", h.State, h.Limit)
	}
	if want := "unknown 1, answers 4, failing 4, probed 1, open 0, "; seen.String() != want {
		t.Errorf("hosts are %s, want %s", &seen, want)
	}
	if got, more, err := i.Hosts(t.Context(), dispatch.HostFilter{State: dispatch.HostFailing}, 4); err != nil || !more || len(got) != 4 || store.query.Failures != 1 {
		t.Errorf("%d hosts, more %t, %v; asked for %+v", len(got), more, err, store.query)
	}
	if _, _, err := i.Hosts(t.Context(), dispatch.HostFilter{}, 0); err != nil || store.query.Limit != dispatch.DefaultHosts+1 {
		t.Errorf("asked for %+v, %v", store.query, err)
	}
	for _, f := range []dispatch.HostFilter{{Host: "a/b"}, {Host: "a\x00"}, {Host: strings.Repeat("a", 300)}, {State: dispatch.HostAnswers}} {
		if _, _, err := i.Hosts(t.Context(), f, 0); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for _, limit := range []int{-1, dispatch.MaxHosts + 1} {
		if _, _, err := i.Hosts(t.Context(), dispatch.HostFilter{}, limit); fault.KindOf(err) != fault.Invalid {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}
