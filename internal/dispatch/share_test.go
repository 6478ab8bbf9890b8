package dispatch_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
)

// scene makes a window in which each image is at a host of its own.
type scene struct {
	dispatch.Window

	limits dispatch.Limits
	ids    int64
}

func newScene(slots int) *scene {
	return &scene{
		Window: dispatch.Window{Now: drawnNow, Hosts: map[string]dispatch.HostState{}, Ends: map[dispatch.Flow]int64{}},
		limits: dispatch.Limits{Slots: slots, Host: 4, NewHost: 1, ContactFor: 5 * time.Second, Life: time.Minute},
	}
}

// row is a new image of the user, at a host of its own that answers or has never answered.
func (s *scene) row(user int64, class dispatch.Class, stage media.Stage) dispatch.Row {
	s.ids++
	h := dispatch.Host{AnsweredAt: 1}
	if class == dispatch.Contact {
		h = dispatch.Host{}
	}
	r := dispatch.Row{ID: s.ids, UserID: user, Host: strconv.FormatInt(s.ids, 10), Class: class, Stage: stage, Rank: s.ids * 1000}
	s.Hosts[r.Host] = dispatch.HostState{Host: h, Ranks: []int64{r.Rank}}
	return r
}

// out has n images of the user out, since so long.
func (s *scene) out(user int64, n int, class dispatch.Class, since time.Duration) {
	for range n {
		r := s.row(user, class, media.Out)
		r.Begun, r.Token = true, drawnNow+s.limits.Life.Milliseconds()-since.Milliseconds()
		s.Out = append(s.Out, r)
	}
}

// line has n images of each of the users in line, in turns.
func (s *scene) line(class dispatch.Class, n int, users ...int64) {
	for range n {
		for _, user := range users {
			s.Line[class] = append(s.Line[class], s.row(user, class, media.InLine))
		}
	}
}

// gone returns of which users images go out, in the order in which they do.
func (s *scene) gone() (users []int64) {
	for _, p := range dispatch.Decide(s.Window, [dispatch.Classes]int64{}, s.limits, 1000).Positions {
		if p.To == media.Out {
			users = append(users, p.UserID)
		}
	}
	return users
}

// TestShares: what users get of the slots, exactly.
func TestShares(t *testing.T) {
	t.Parallel()
	const known, contact = dispatch.Known, dispatch.Contact
	times := func(n int, users ...int64) (all []int64) {
		for range n {
			all = append(all, users...)
		}
		return all
	}
	for name, c := range map[string]struct {
		slots int
		has   func(s *scene)
		want  []int64
	}{
		"a user alone has all but an eighth": {16, func(s *scene) { s.line(known, 20, 1) }, times(14, 1)},
		"of eight slots all but one":         {8, func(s *scene) { s.line(known, 20, 1) }, times(7, 1)},
		"of three slots all":                 {3, func(s *scene) { s.line(known, 20, 1) }, times(3, 1)},
		"two take turns":                     {16, func(s *scene) { s.line(known, 20, 1, 2) }, times(7, 1, 2)},
		"the last eighth is for users who have nothing": {16, func(s *scene) {
			s.out(1, 14, known, 0)
			s.line(known, 5, 1)
			s.line(known, 2, 2, 3)
		}, []int64{2, 3}},
		"but not what is before it": {16, func(s *scene) {
			s.out(1, 3, known, 0)
			s.out(2, 10, known, 0)
			s.line(known, 2, 1)
		}, []int64{1}},
		"half of the slots while another waits": {16, func(s *scene) {
			s.out(1, 8, known, 0)
			s.line(known, 5, 1)
			s.line(known, 20, 2)
		}, times(6, 2)},
		"more where no one else can go": {16, func(s *scene) {
			s.out(1, 8, known, 0)
			s.line(known, 20, 1)
			s.line(known, 2, 2)
		}, append(times(2, 2), times(4, 1)...)},
		"less than half is in order of rank": {16, func(s *scene) {
			s.out(1, 7, known, 0)
			s.line(known, 1, 1)
			s.line(known, 1, 2)
		}, []int64{1, 2}},
		"first contacts get a quarter, a user half of it": {16, func(s *scene) { s.line(contact, 5, 1, 2, 3) }, []int64{1, 2, 3, 1}},
		"a user alone":     {16, func(s *scene) { s.line(contact, 5, 1) }, []int64{1, 1}},
		"of few slots one": {4, func(s *scene) { s.line(contact, 5, 1, 2) }, []int64{1}},
		"they go first": {16, func(s *scene) {
			s.line(known, 1, 1)
			s.line(contact, 1, 2)
		}, []int64{2, 1}},
		"those that are out count": {16, func(s *scene) {
			s.out(1, 2, contact, 0)
			s.out(2, 1, contact, 4999*time.Millisecond)
			s.line(contact, 5, 1, 2, 3)
		}, []int64{2}},
		"for five seconds": {16, func(s *scene) {
			s.out(1, 2, contact, 5*time.Second)
			s.out(2, 1, contact, 5*time.Second)
			s.line(contact, 5, 1, 2, 3)
		}, []int64{1, 2, 3, 1}},
		"what is out at hosts that answer does not": {16, func(s *scene) {
			s.out(1, 7, known, 0)
			s.line(contact, 5, 1)
		}, []int64{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(c.slots)
			c.has(s)
			if gone := s.gone(); !slices.Equal(gone, c.want) {
				t.Errorf("images of users %v go out, want %v", gone, c.want)
			}
		})
	}
}

// TestHostsRoom: how many images of one host go out, by what is known of it, and
// that the others are parked.
func TestHostsRoom(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		host     dispatch.Host
		out, due int
		want     int
	}{
		"it answers":                     {dispatch.Host{AnsweredAt: 1}, 0, 9, 4},
		"it has images out":              {dispatch.Host{AnsweredAt: 1}, 3, 9, 1},
		"it has as many as may be":       {dispatch.Host{AnsweredAt: 1}, 4, 9, 0},
		"it has more, from before":       {dispatch.Host{Failures: 5, AnsweredAt: 1}, 4, 9, 0},
		"it was never asked":             {dispatch.Host{}, 0, 9, 1},
		"it was, and has not answered":   {dispatch.Host{Failures: 1}, 1, 9, 0},
		"four URLs have failed":          {dispatch.Host{Failures: 4, AnsweredAt: 1}, 0, 9, 4},
		"its breaker lets a probe pass":  {dispatch.Host{Failures: 5, AnsweredAt: 1}, 0, 9, 1},
		"its breaker is open":            {dispatch.Host{Failures: 5, AnsweredAt: 1, OpenUntil: drawnNow + 1}, 0, 9, 0},
		"its breaker has just been open": {dispatch.Host{Failures: 5, AnsweredAt: 1, OpenUntil: drawnNow}, 0, 9, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(64)
			var ranks []int64
			for range c.out {
				s.out(2, 1, dispatch.Known, time.Minute)
				s.Out[len(s.Out)-1].Host, s.Out[len(s.Out)-1].Rank = "x", 0
				ranks = append(ranks, 0)
			}
			for range c.due {
				r := s.row(1, dispatch.Known, media.Later)
				r.Host, r.Rank = "x", 0
				s.Due = append(s.Due, r)
			}
			s.Hosts["x"] = dispatch.HostState{Host: c.host, Ranks: ranks}
			to := map[media.Stage]int{}
			for _, p := range dispatch.Decide(s.Window, [dispatch.Classes]int64{}, s.limits, 1000).Positions {
				to[p.To]++
			}
			if to[media.Out] != c.want || to[media.Parked] != c.due-c.want {
				t.Errorf("%d go out, %d are parked, want %d and %d", to[media.Out], to[media.Parked], c.want, c.due-c.want)
			}
		})
	}
}

// TestLostAtAHostThatIsDown: a job that no one has begun in time goes out again, but
// not where its host's breaker has opened since.
func TestLostAtAHostThatIsDown(t *testing.T) {
	t.Parallel()
	for until, want := range map[int64]media.Stage{0: media.Out, drawnNow + 1: media.Parked} {
		s := newScene(8)
		s.out(1, 1, dispatch.Known, time.Minute)
		s.Out[0].Begun = false
		s.Hosts[s.Out[0].Host] = dispatch.HostState{Host: dispatch.Host{AnsweredAt: 1, Failures: 5, OpenUntil: until}}
		d := dispatch.Decide(s.Window, [dispatch.Classes]int64{}, s.limits, 1)
		if len(d.Positions) != 1 || d.Positions[0].To != want {
			t.Errorf("open until %d: %+v", until, d.Positions)
		}
	}
}

// TestEqualRanks: of images with the same rank that of the user goes first who has
// less out, and a host's parked image before one that has just come.
func TestEqualRanks(t *testing.T) {
	t.Parallel()
	s := newScene(16)
	s.out(1, 2, dispatch.Known, 0)
	s.out(2, 1, dispatch.Known, 0)
	s.line(dispatch.Known, 1, 1, 2, 3)
	for i := range s.Line[dispatch.Known] {
		s.Line[dispatch.Known][i].Rank = 0
	}
	if gone := s.gone(); !slices.Equal(gone, []int64{3, 2, 1}) {
		t.Errorf("images of users %v go out", gone)
	}

	s = newScene(16)
	later, parked := s.row(1, dispatch.Contact, media.Later), s.row(2, dispatch.Contact, media.Parked)
	later.Host, later.Rank, parked.Rank = parked.Host, 0, 0
	s.Hosts[parked.Host] = dispatch.HostState{}
	s.Due, s.Parked = []dispatch.Row{later}, []dispatch.Row{parked}
	if gone := s.gone(); !slices.Equal(gone, []int64{2}) {
		t.Errorf("images of users %v go out to a host that has room for one", gone)
	}
}

// TestCostIsTime: an image moves its user's next one back by as long as its host takes.
func TestCostIsTime(t *testing.T) {
	t.Parallel()
	for recent, want := range map[int64]int64{0: 1000, 20: 20, 25_000: 25_000, 600_000: 60_000} {
		s := newScene(8)
		for range 2 {
			r := s.row(1, dispatch.Known, media.Later)
			s.Hosts[r.Host] = dispatch.HostState{Host: dispatch.Host{AnsweredAt: 1, RecentMS: recent}}
			s.Due = append(s.Due, r)
		}
		p := dispatch.Decide(s.Window, [dispatch.Classes]int64{}, s.limits, 8).Positions
		if len(p) != 2 || p[1].NewRank-p[0].NewRank != want {
			t.Errorf("a host that takes %d ms: %+v", recent, p)
		}
	}
}
