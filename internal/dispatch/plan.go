package dispatch

import (
	"maps"
	"slices"
	"time"

	"vitrine.dev/internal/media"
)

// Plan decides a step, in the order of its methods; each sees what was read for
// the one before. It may be asked more than once, and writes nothing itself.
type Plan interface {
	// Others reports of a class whether the heads of other users' images in
	// line are wanted, beside the head of the line, which is all of users who can
	// have no slot now.
	Others(w Window, class Class) bool
	// Hosts returns the hosts that are asked about beside those of the window's rows.
	Hosts(w Window) []string
	// Asks returns what is asked for of the parked images.
	Asks(w Window) []Ask
	// Flows returns those whose ends are asked for.
	Flows(w Window) []Flow
	// Decide returns what is written.
	Decide(w Window) Decision
}

// memory is what a dispatcher remembers from one step to the next, so that it
// looks for the parked images of those hosts only that have room since. What it
// does not know, such as what others have parked, the walk finds.
type memory struct {
	out     map[string]int  // how many images of a host were out and not downloaded
	limit   map[string]int  // how many it might have out
	turns   map[string]turn // at each host
	served  [Classes]int64  // the highest rank that was dispatched
	cursor  string          // the host that the walk has come to
	backlog bool            // more was due than the step looked at
	user    int64           // the user that the reading of a backlog has come to
	walked  time.Time       // when it went on
	parked  bool            // some images may be parked
}

// turn is how far the turns at a host have come.
type turn struct {
	user int64 // of the last image that came in line or went out
	asks int   // for its parked images, by which those that were tried get every fourth turn
}

// plan is Plan for one step.
type plan struct {
	memory

	limits Limits
	walks  bool
	free   int // messages that may be published now
	queued int // most that wait for a worker
	ready  int // that wait for one at the queue

	now      map[string]int // memory.out as it is now
	hosts    []string       // what Hosts returned
	asks     []Ask          // what Asks returned
	window   Window         // as the decision saw it
	decision Decision
}

// room is how many images may go out: what is out and not begun waits for a
// worker as well as what the queue says, which may not have it yet.
func (p *plan) room(w Window) int {
	waiting := 0
	for _, r := range w.Out {
		if !r.Begun && r.Token > w.Now {
			waiting++
		}
	}
	return min(p.free, p.queued-max(p.ready, waiting))
}

func (p *plan) Others(w Window, class Class) bool {
	line := w.Line[class]
	if len(line) < LineWindow {
		return false
	}
	of := map[int64]int{}
	for _, r := range w.Out {
		if !r.Released {
			of[r.UserID]++
		}
	}
	scarce := p.limits.Slots-held(w.Out) <= p.limits.reserve()
	for _, r := range line {
		if n := of[r.UserID]; n == 0 || n < p.limits.user() && !scarce {
			return false
		}
	}
	return p.room(w) > 0 && held(w.Out) < p.limits.Slots
}

func (p *plan) Hosts(w Window) []string {
	p.now, p.hosts = outByHost(w.Out), slices.Concat(w.Woken, w.Walked)
	for host, before := range p.out {
		if p.now[host] < before {
			p.hosts = append(p.hosts, host)
		}
	}
	return p.hosts
}

func (p *plan) Asks(w Window) []Ask {
	p.asks = nil
	asked := map[string]bool{}
	ask := func(host string) {
		state, turn := w.Hosts[host], p.turns[host]
		room := state.limit(p.limits, w.Now) - len(state.Ranks)
		if room <= 0 || asked[host] {
			return
		}
		asked[host] = true
		p.asks = append(p.asks, Ask{
			Host: host, Limit: room, After: turn.user, Tried: turn.asks%4 == 3,
			Probe: state.suspected(), Last: state.Failures%2 == 1,
		})
	}
	for _, host := range p.hosts {
		ask(host)
	}
	for host, limit := range p.limit {
		if w.Hosts[host].limit(p.limits, w.Now) > limit && p.now[host] > 0 {
			ask(host)
		}
	}
	return p.asks
}

func (p *plan) Flows(w Window) (flows []Flow) {
	seen := map[Flow]bool{}
	want := func(r Row, class Class) {
		if flow := (Flow{r.UserID, class}); !seen[flow] {
			seen[flow] = true
			flows = append(flows, flow)
		}
	}
	for _, r := range slices.Concat(w.Parked, w.Due) {
		want(r, w.Hosts[r.Host].class())
	}
	for class, line := range w.Line {
		for _, r := range line {
			if now := w.Hosts[r.Host].class(); now != Class(class) {
				want(r, now)
			}
		}
	}
	return flows
}

func (p *plan) Decide(w Window) Decision {
	p.window, p.decision = w, Decide(w, p.served, p.limits, p.room(w))
	return p.decision
}

// full reports whether nothing more could go out.
func (p *plan) full() bool {
	return p.room(p.window) <= 0 || held(p.window.Out) >= p.limits.Slots
}

// remembered is what is remembered after the step.
func (p *plan) remembered() memory {
	w, d := p.window, p.decision
	m := p.memory
	m.out, m.limit, m.turns = maps.Clone(p.now), map[string]int{}, p.turnsAfter()
	m.backlog, m.user = w.More, 0
	if len(w.Users) == UsersAtOnce {
		m.user = w.Users[UsersAtOnce-1]
	}
	if p.walks {
		m.parked = len(w.Walked) > 0 || p.cursor != "" // those before the cursor
		if m.cursor = ""; len(w.Walked) == WalkedAtOnce {
			m.cursor = w.Walked[WalkedAtOnce-1]
		}
	}
	for _, to := range d.Positions {
		m.parked = m.parked || to.To == media.Parked
		if to.To == media.Out && to.Stage != media.Out {
			m.out[to.Host]++
			m.served[to.NewClass] = max(m.served[to.NewClass], to.NewRank)
		}
	}
	for host := range m.out {
		m.limit[host] = w.Hosts[host].limit(p.limits, w.Now)
	}
	return m
}

// turnsAfter are the turns at the hosts that the step has seen.
func (p *plan) turnsAfter() map[string]turn {
	turns := map[string]turn{}
	for host := range p.window.Hosts {
		if t, known := p.turns[host]; known {
			turns[host] = t
		}
	}
	for _, a := range p.asks {
		t := turns[a.Host]
		t.asks++
		turns[a.Host] = t
	}
	taken := map[int64]bool{}
	for _, to := range p.decision.Positions {
		taken[to.ID] = to.To != media.Parked
	}
	for _, r := range slices.Concat(p.window.Due, p.window.Parked) {
		if taken[r.ID] {
			t := turns[r.Host]
			t.user = r.UserID
			turns[r.Host] = t
		}
	}
	return turns
}

func outByHost(rows []Row) map[string]int {
	out := map[string]int{}
	for _, r := range rows {
		if !r.Fetched {
			out[r.Host]++
		}
	}
	return out
}

// Single is a step by a dispatcher that remembers nothing and knows no limits,
// for tests: at most free images go out, and no more than queued wait for a worker then.
func Single(life time.Duration, free, queued int) (Request, Plan) {
	const none = 1 << 20
	limits := Limits{Slots: none, Host: none, NewHost: none, Life: life}
	return Request{Life: life, Ranks: none}, &plan{limits: limits, free: free, queued: queued}
}

// OneStep is the plan of a dispatcher that remembers nothing.
func OneStep(limits Limits, free int) Plan {
	return &plan{limits: limits, free: free, queued: free, walks: true}
}

// Steps are those of one dispatcher after another, for measurements.
type Steps struct {
	Limits Limits
	last   *plan
}

// Next is the next step: at most free images go out, and it walks the hosts that have parked ones on demand.
func (s *Steps) Next(free int, walks bool) (Request, Plan) {
	p := &plan{limits: s.Limits, free: free, queued: free, walks: walks}
	if s.last != nil {
		p.memory = s.last.remembered()
	}
	s.last = p
	return Request{Life: s.Limits.Life, Ranks: s.Limits.Host, Walk: walks, Cursor: p.cursor}, p
}
