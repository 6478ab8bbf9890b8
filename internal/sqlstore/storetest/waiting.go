package storetest

import (
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// limits are those of limited.
func limits() dispatch.Limits {
	return dispatch.Limits{Slots: 100, Host: 2, NewHost: 1, Life: time.Hour, ContactFor: time.Second}
}

// inspector asks with these limits.
func inspector(s Store) *dispatch.Inspector { return dispatch.NewInspector(s, limits()) }

// moment is from least after since to most after now; the zero moment is not known.
type moment struct {
	since       time.Time
	least, most time.Duration
}

// in is so long after something that has happened since.
func in(d time.Duration, since time.Time) moment { return moment{since, d, d} }

// wantWaiting asserts what an image waits for, "" for nothing, and until when.
func wantWaiting(t *testing.T, s Store, p catalog.Product, n int, what dispatch.WaitsFor, end moment) {
	t.Helper()
	img, w, err := inspector(s).Image(t.Context(), auth.Everyone(), p.ID, p.Images[n].ID)
	if err != nil || img.ID != p.Images[n].ID || img.SourceURL != p.Images[n].SourceURL {
		t.Fatalf("image is %+v, %v", img, err)
	}
	if w == nil {
		if what != "" {
			t.Errorf("image %d is %s and waits for nothing, want %s", n, img.Status, what)
		}
		return
	}
	if img.Status != catalog.Pending || w.For != what || w.Until.IsZero() != end.since.IsZero() {
		t.Errorf("image %d is %s and waits for %+v, want %s", n, img.Status, w, what)
	}
	from, to := end.since.Add(end.least).Truncate(time.Millisecond), time.Now().Add(end.most)
	if !w.Until.IsZero() && (w.Until.Before(from) || w.Until.After(to)) {
		t.Errorf("image %d waits until %v, want from %v to %v", n, w.Until, from, to)
	}
}

// lineUp takes a step that dispatches nothing.
func lineUp(t *testing.T, s Store) {
	t.Helper()
	until(t, "the step is taken", func() bool {
		taken, err := s.DispatchStep(t.Context(), dispatch.Request{Life: time.Hour, Ranks: 2}, dispatch.OneStep(limits(), 0))
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
	began := time.Now()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg", "http://b/4.jpg")
	for n := range p.Images {
		wantWaiting(t, s, p, n, dispatch.ForTurn, moment{}) // they have just come
	}
	out := limited(t, s).Jobs
	if len(out) != 2 {
		t.Fatalf("dispatched %+v", out)
	}
	wantWaiting(t, s, p, 0, dispatch.ForTurn, moment{}) // at the queue
	wantWaiting(t, s, p, 1, dispatch.ForHost, moment{}) // which is not known
	answered := time.Now()
	record(t, s, media.Fetch{Host: "a", URL: 1, Took: time.Minute})
	wantWaiting(t, s, p, 1, dispatch.ForHost, in(30*time.Second, answered))
	wantWaiting(t, s, p, 2, dispatch.ForHost, in(time.Minute, answered))
	a, b := begin(t, s, out[0]), begin(t, s, out[1])
	wantWaiting(t, s, p, 0, "", moment{})
	failed := time.Now()
	if _, err := s.Retry(t.Context(), a, timeout(), time.Hour); err != nil {
		t.Fatal(err)
	}
	wantWaiting(t, s, p, 0, dispatch.ForRetry, in(time.Hour, failed))
	complete(t, s, b, "aa")
	wantWaiting(t, s, p, 3, "", moment{})

	failed = time.Now()
	record(t, s, append(failing("b", 0, 5, timeout()), media.Fetch{Host: "c", URL: 1, Took: time.Second})...)
	later := create(t, s, "http://b/5.jpg", "http://c/6.jpg", "http://c/7.jpg")
	lineUp(t, s)
	wantWaiting(t, s, later, 0, dispatch.ForHost, in(5*time.Second, failed)) // its breaker is open
	// Two attempts have ended since.
	pace := moment{since: began, most: 2 * time.Since(began)}
	wantWaiting(t, s, later, 1, dispatch.ForTurn, pace)
	wantWaiting(t, s, later, 2, dispatch.ForTurn, pace)

	for product, image := range map[int64]int64{p.ID: later.Images[0].ID, later.ID: 1 << 40, 1 << 40: p.Images[0].ID} {
		if img, w, err := inspector(s).Image(t.Context(), auth.Everyone(), product, image); fault.KindOf(err) != fault.NotFound {
			t.Errorf("image %d of product %d is %+v, %v, %v", image, product, img, w, err)
		}
	}
}

// testBacklog: the overview has each image once, by what it waits for, and by user.
func testBacklog(t *testing.T, s Store) {
	t.Helper()
	second := MoreUsers()[0]
	whole := inspector(s)
	look := func(states map[dispatch.State]int, users ...dispatch.UserWork) {
		t.Helper()
		o, err := inspector(s).Overview(t.Context())
		if err != nil || len(o.States) != len(dispatch.States()) || len(o.Users) != len(users) {
			t.Fatalf("overview is %+v, %v", o, err)
		}
		for _, c := range o.States {
			if c.Images != states[c.State] || c.More || c.OldestAt.IsZero() != (c.Images == 0) || time.Since(o.At).Abs() > time.Minute {
				t.Errorf("%s is %+v, want %d", c.State, c, states[c.State])
			}
			if later := c.State == dispatch.StateLater; c.Images > 0 && (c.DueAt.Before(c.OldestAt) || c.DueAt.After(o.At) != later) {
				t.Errorf("%s is due at %v, and it is %v", c.State, c.DueAt, o.At)
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

	for i := range dispatch.MostProcesses + 1 { // what they report is not what is in flight
		if err := s.Heartbeat(t.Context(), processes.Process{ID: strconv.Itoa(i), Role: "worker", Slots: 64, InFlight: 2}); err != nil {
			t.Fatal(err)
		}
	}
	o, err := whole.Overview(t.Context())
	if err != nil || o.Slots != 64*(dispatch.MostProcesses+1) || o.InFlight != 1 || len(o.Processes) != dispatch.MostProcesses || o.PerSecond <= 0 {
		t.Errorf("overview is %+v, %v", o, err)
	}
}

// testHostViews: hosts are listed by name, with their images, and by how they fail.
func testHostViews(t *testing.T, s Store) {
	t.Helper()
	list := func(f dispatch.HostFilter, limit int, want ...string) (hosts []dispatch.HostView) {
		t.Helper()
		hosts, more, err := inspector(s).Hosts(t.Context(), f, limit)
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
	record(t, s, failing("c", 0, 5, timeout())...)
	create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg", "http://c/4.jpg")
	out := limited(t, s).Jobs
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
	begin(t, s, out[0])
	downloaded := processes.Process{ID: "w", Role: "worker", Slots: 64, Fetched: []processes.Fetched{
		{Image: out[0].ImageID, Token: out[0].Token}, {Image: out[1].ImageID, Token: out[1].Token - 1}, // of the dispatch before
	}}
	if err := s.Heartbeat(t.Context(), downloaded); err != nil {
		t.Fatal(err)
	}
	if h := list(dispatch.HostFilter{}, 0, "a answers", "b failing", "c open")[0]; h.InFlight != 1 {
		t.Errorf("one of two is downloaded, and %d are in flight", h.InFlight)
	}
	list(dispatch.HostFilter{State: dispatch.HostFailing}, 0, "b failing", "c open")
	list(dispatch.HostFilter{State: dispatch.HostOpen}, 0, "c open")
	list(dispatch.HostFilter{Host: "B"}, 0, "b failing")
	list(dispatch.HostFilter{After: "a"}, 1, "b failing")
}
