package storetest

import (
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// inspected are the limits of limited, and who asks.
func inspected(s Store) (dispatch.Limits, *dispatch.Inspector) {
	l := dispatch.Limits{Slots: 100, Host: 2, NewHost: 1, Hosts: dispatch.DefaultHostRules(), Life: time.Hour, ContactFor: time.Second}
	return l, dispatch.NewInspector(s, l)
}

// wantWaiting asserts what an image waits for, "" for nothing, and until when: so long from
// now, at most; 0 for what is not known.
func wantWaiting(t *testing.T, s Store, p catalog.Product, n int, what dispatch.WaitsFor, until time.Duration) {
	t.Helper()
	_, inspector := inspected(s)
	img, w, err := inspector.Image(t.Context(), p.ID, p.Images[n].ID)
	if err != nil || img.ID != p.Images[n].ID || img.SourceURL != p.Images[n].SourceURL {
		t.Fatalf("image is %+v, %v", img, err)
	}
	if w == nil {
		if what != "" {
			t.Errorf("image %d is %s and waits for nothing, want %s", n, img.Status, what)
		}
		return
	}
	if img.Status != catalog.Pending || w.For != what || w.Until.IsZero() != (until == 0) {
		t.Errorf("image %d is %s and waits for %+v, want %s", n, img.Status, w, what)
	}
	if left := time.Until(w.Until); until != 0 && (left > until+time.Second || left < until/2-10*time.Second) {
		t.Errorf("image %d waits for %v, want %v", n, left, until)
	}
}

// lineUp takes a step that dispatches nothing.
func lineUp(t *testing.T, s Store) {
	t.Helper()
	limits, _ := inspected(s)
	until(t, "the step is taken", func() bool {
		taken, err := s.DispatchStep(t.Context(), dispatch.Request{Life: time.Hour, Ranks: 2}, dispatch.OneStep(limits, 0))
		if err != nil {
			t.Fatal(err)
		}
		return !taken.Busy
	})
}

// testWaiting: an image says what it waits for wherever it is, and nothing where it
// does not wait.
func testWaiting(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg", "http://b/4.jpg")
	for n := range p.Images {
		wantWaiting(t, s, p, n, dispatch.ForTurn, 0) // they have just come
	}
	out := limited(t, s).Jobs
	if len(out) != 2 {
		t.Fatalf("dispatched %+v", out)
	}
	wantWaiting(t, s, p, 0, dispatch.ForTurn, 0) // at the queue
	wantWaiting(t, s, p, 1, dispatch.ForHost, 0) // which is not known
	record(t, s, media.Fetch{Host: "a", URL: 1, Took: time.Minute})
	wantWaiting(t, s, p, 1, dispatch.ForHost, 30*time.Second)
	wantWaiting(t, s, p, 2, dispatch.ForHost, time.Minute)
	a, b := begin(t, s, out[0]), begin(t, s, out[1])
	wantWaiting(t, s, p, 0, "", 0)
	if _, err := s.Retry(t.Context(), a, timeout(), time.Hour); err != nil {
		t.Fatal(err)
	}
	wantWaiting(t, s, p, 0, dispatch.ForRetry, time.Hour)
	complete(t, s, b, "aa")
	wantWaiting(t, s, p, 3, "", 0)

	var all []media.Fetch
	for url := range int64(5) {
		all = append(all, media.Fetch{Host: "b", URL: url, Failure: timeout(), Took: time.Second})
	}
	record(t, s, append(all, media.Fetch{Host: "c", URL: 1, Took: time.Second})...)
	later := create(t, s, "http://b/5.jpg", "http://c/6.jpg", "http://c/7.jpg")
	lineUp(t, s)
	wantWaiting(t, s, later, 0, dispatch.ForHost, 5*time.Second) // its breaker is open
	wantWaiting(t, s, later, 1, dispatch.ForTurn, 10*time.Second)
	wantWaiting(t, s, later, 2, dispatch.ForTurn, 10*time.Second)

	_, inspector := inspected(s)
	for product, image := range map[int64]int64{p.ID: later.Images[0].ID, later.ID: 1 << 40, 1 << 40: p.Images[0].ID} {
		if img, w, err := inspector.Image(t.Context(), product, image); fault.KindOf(err) != fault.NotFound {
			t.Errorf("image %d of product %d is %+v, %v, %v", image, product, img, w, err)
		}
	}
}

// testBacklog: the overview has each image once, by what it waits for, and by user.
func testBacklog(t *testing.T, s Store) {
	t.Helper()
	second := MoreUsers()[0]
	_, inspector := inspected(s)
	look := func(states map[dispatch.State]int, users ...dispatch.UserWork) {
		t.Helper()
		_, fresh := inspected(s)
		o, err := fresh.Overview(t.Context())
		if err != nil || len(o.States) != len(dispatch.States()) || len(o.Users) != len(users) {
			t.Fatalf("overview is %+v, %v", o, err)
		}
		for _, c := range o.States {
			if c.Images != states[c.State] || c.More || c.OldestAt.IsZero() != (c.Images == 0) || time.Since(o.At).Abs() > time.Minute {
				t.Errorf("%s is %+v, want %d", c.State, c, states[c.State])
			}
		}
		for i, u := range users {
			if o.Users[i] != u {
				t.Errorf("user %d is %+v, want %+v", i, o.Users[i], u)
			}
		}
	}
	look(nil)
	create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg", "http://b/4.jpg")
	createFor(t, s, second, 1)
	look(map[dispatch.State]int{dispatch.StateDue: 5}, dispatch.UserWork{UserID: user, Waiting: 4}, dispatch.UserWork{UserID: second, Waiting: 1})
	out := limited(t, s).Jobs
	c := begin(t, s, out[1])
	look(map[dispatch.State]int{dispatch.StateDispatched: 1, dispatch.StateBegun: 1, dispatch.StateParked: 3},
		dispatch.UserWork{UserID: user, InFlight: 2, Waiting: 2}, dispatch.UserWork{UserID: second, Waiting: 1})
	if _, err := s.Retry(t.Context(), c, timeout(), time.Hour); err != nil {
		t.Fatal(err)
	}
	record(t, s, media.Fetch{Host: "c", URL: 1, Took: time.Second})
	create(t, s, "http://c/5.jpg", "http://d/6.jpg")
	lineUp(t, s)
	look(map[dispatch.State]int{dispatch.StateDispatched: 1, dispatch.StateLater: 1, dispatch.StateParked: 3, dispatch.StateInLine: 2},
		dispatch.UserWork{UserID: user, InFlight: 1, Waiting: 5}, dispatch.UserWork{UserID: second, Waiting: 1})

	if err := s.Heartbeat(t.Context(), processes.Process{ID: "w", Role: "worker", Slots: 64, InFlight: 2}); err != nil {
		t.Fatal(err)
	}
	o, err := inspector.Overview(t.Context())
	if err != nil || o.Slots != 64 || o.InFlight != 2 || len(o.Processes) != 1 || o.PerSecond <= 0 {
		t.Errorf("overview is %+v, %v", o, err)
	}
}

// testHostViews: hosts are listed by name, with their images, and by how they fail.
func testHostViews(t *testing.T, s Store) {
	t.Helper()
	list := func(f dispatch.HostFilter, limit int, want ...string) (hosts []dispatch.HostView) {
		t.Helper()
		_, inspector := inspected(s)
		hosts, more, err := inspector.Hosts(t.Context(), f, limit)
		if err != nil || len(hosts) != len(want) || more != (limit == 1) {
			t.Fatalf("%+v selects %+v, %t, %v; want %v", f, hosts, more, err, want)
		}
		for i, h := range hosts {
			if h.Name+" "+string(h.State) != want[i] {
				t.Errorf("host %d is %+v, want %s", i, h, want[i])
			}
		}
		return hosts
	}
	list(dispatch.HostFilter{}, 0)
	record(t, s, media.Fetch{Host: "a", URL: 1, Took: time.Second}, media.Fetch{Host: "b", URL: 1, Failure: timeout(), Took: 2 * time.Second})
	var all []media.Fetch
	for url := range int64(5) {
		all = append(all, media.Fetch{Host: "c", URL: url, Failure: timeout(), Took: time.Second})
	}
	record(t, s, all...)
	create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg", "http://c/4.jpg")
	limited(t, s)
	hosts := list(dispatch.HostFilter{}, 0, "a answers", "b failing", "c open")
	if h := hosts[0]; h.InFlight != 2 || h.Parked != 1 || h.Limit != 2 || h.RecentMS != 1000 {
		t.Errorf("host is %+v", h)
	}
	if h := hosts[1]; h.Failures != 1 || h.Reason != fault.SourceTimeout || h.ReasonText == "" || h.Limit != 1 {
		t.Errorf("host is %+v", h)
	}
	if h := hosts[2]; h.InFlight != 0 || h.Parked != 1 || h.Limit != 0 || h.OpenUntil <= h.Now {
		t.Errorf("host is %+v", h)
	}
	list(dispatch.HostFilter{State: dispatch.HostFailing}, 0, "b failing", "c open")
	list(dispatch.HostFilter{State: dispatch.HostOpen}, 0, "c open")
	list(dispatch.HostFilter{Host: "B"}, 0, "b failing")
	list(dispatch.HostFilter{After: "a"}, 1, "b failing")
}
