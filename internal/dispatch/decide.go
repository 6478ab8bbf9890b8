package dispatch

import (
	"cmp"
	"maps"
	"slices"

	"vitrine.dev/internal/media"
)

// Users take turns by start-time fair queueing (Goyal, Vin, Cheng: "Start-time
// Fair Queuing", SIGCOMM 1996; for several servers: Jin, Chase, Kaur: "Interposed
// proportional sharing for a storage service utility", SIGMETRICS 2004). The size
// of a job is how long its host's fetches take: a job's rank is the end of the
// last one of its own user (its rank and cost), or the head of the line where that
// user has none (flowRank), so that no number of one user's jobs and no slowness of
// its hosts makes another wait.

// flowRank is where each flow of a window goes on. now is where a user begins
// who has none in line or out: at the head of the line, beside who waits for most;
// or, where no one waits, at what was dispatched last. What was dispatched while
// others wait says nothing: it may be far ahead of those whom a limit has held up.
type flowRank struct {
	now  [Classes]int64
	ends map[Flow]int64
}

func (w *Window) flowRank(served [Classes]int64) flowRank {
	f := flowRank{now: served, ends: map[Flow]int64{}}
	for _, r := range w.Out {
		f.now[r.Class] = max(f.now[r.Class], r.Rank)
	}
	for class, line := range w.Line {
		if len(line) > 0 {
			f.now[class] = line[0].Rank
		}
	}
	maps.Copy(f.ends, w.Ends)
	return f
}

func (f flowRank) next(flow Flow) int64 { return max(f.now[flow.Class], f.ends[flow]) }

// candidate is a row that may go out.
type candidate struct {
	Position

	taken bool // its position is decided
}

// decider is one decision.
type decider struct {
	Window

	limits Limits
	room   int // messages that the queue may get
	free   int // slots

	out        map[string]int // downloads, by host
	of         map[int64]int  // slots, by user
	contacts   int            // first contacts
	contactsOf map[int64]int  // by user
	ranks      map[string][]int64
	lines      [Classes][]*candidate
	decision   Decision
}

// Decide returns what a step does: at most room images go out, and no limit is
// exceeded by them. An image whose host has as many before it as it may have out is
// parked, so that no step meets it again until the host has room. What else was due
// or parked, and does not go, comes in line: its rank stays, so that no later one
// goes before it.
func Decide(w Window, served [Classes]int64, limits Limits, room int) Decision {
	d := &decider{
		Window: w, limits: limits, room: room, free: limits.Slots - held(w.Out),
		out: map[string]int{}, of: map[int64]int{}, contactsOf: map[int64]int{}, ranks: map[string][]int64{},
	}
	for _, r := range w.Out {
		if !r.Released {
			d.of[r.UserID]++
		}
		if !r.Fetched {
			d.asks(r.Host, r.UserID, r.Class == Contact && w.Now-(r.Token-limits.Life.Milliseconds()) < limits.ContactFor.Milliseconds())
		}
	}
	for host, s := range w.Hosts {
		d.ranks[host] = slices.Clone(s.Ranks)
	}
	d.lost()
	d.enter(w.flowRank(served))
	d.choose()
	d.rest()
	d.decision.Woken = w.Woken
	return d.decision
}

// asks counts a download from the host.
func (d *decider) asks(host string, user int64, contact bool) {
	d.out[host]++
	if contact {
		d.contacts++
		d.contactsOf[user]++
	}
}

func (d *decider) limit(host string) int   { return d.Hosts[host].limit(d.limits, d.Now) }
func (d *decider) class(host string) Class { return d.Hosts[host].class() }

func (d *decider) decide(p Position) { d.decision.Positions = append(d.decision.Positions, p) }

// lost dispatches again what no one has begun in time: it has its slots still.
func (d *decider) lost() {
	for _, r := range d.Out {
		if r.Begun || r.Token > d.Now {
			continue
		}
		switch {
		case d.limit(r.Host) == 0:
			d.decide(Position{Row: r, To: media.Parked})
		case d.room > 0:
			d.room--
			d.decide(Position{Row: r, To: media.Out, NewRank: r.Rank, NewClass: r.Class, NewCost: r.Cost})
		}
	}
}

// enter gives what is not in line its rank there, and parks what its host has no
// room for before that rank. The host's parked images come before those that are due.
func (d *decider) enter(flows flowRank) {
	var moving []Row // to the other line
	for class, line := range d.Line {
		for _, r := range line {
			if d.class(r.Host) == Class(class) {
				p := Position{Row: r, To: media.Out, NewRank: r.Rank, NewClass: r.Class, NewCost: r.Cost}
				d.lines[class] = append(d.lines[class], &candidate{Position: p})
				continue
			}
			moving = append(moving, r)
			if i := slices.Index(d.ranks[r.Host], r.Rank); i >= 0 { // it leaves this one, wherever it goes
				d.ranks[r.Host] = slices.Delete(d.ranks[r.Host], i, i+1)
			}
		}
	}
	slices.SortFunc(d.Due, func(a, b Row) int { return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID)) })
	for _, r := range slices.Concat(moving, d.Parked, d.Due) {
		d.place(flows, r)
	}
	for _, line := range d.lines {
		slices.SortStableFunc(line, func(a, b *candidate) int {
			return cmp.Or(cmp.Compare(a.NewRank, b.NewRank), cmp.Compare(d.of[a.UserID], d.of[b.UserID]), cmp.Compare(a.ID, b.ID))
		})
	}
}

func (d *decider) place(flows flowRank, r Row) {
	host := d.Hosts[r.Host]
	flow := Flow{UserID: r.UserID, Class: host.class()}
	rank := flows.next(flow)
	before, _ := slices.BinarySearch(d.ranks[r.Host], rank+1)
	if before >= d.limit(r.Host) {
		if r.Stage != media.Parked {
			d.decide(Position{Row: r, To: media.Parked, NewRank: rank})
		}
		return
	}
	d.ranks[r.Host] = slices.Insert(d.ranks[r.Host], before, rank)
	flows.ends[flow] = rank + host.cost()
	p := Position{Row: r, To: media.Out, NewRank: rank, NewClass: flow.Class, NewCost: host.cost()}
	d.lines[flow.Class] = append(d.lines[flow.Class], &candidate{Position: p})
}

// choose takes first contacts and then the others in the order of their ranks,
// and at last those of users who have half of the slots, where no one else can go.
func (d *decider) choose() {
	for _, all := range []bool{false, true} {
		for _, class := range []Class{Contact, Known} {
			for _, c := range d.lines[class] {
				if d.free <= 0 || d.room <= 0 {
					return
				}
				if !c.taken {
					d.consider(c, all)
				}
			}
		}
	}
}

// consider dispatches the candidate if no limit is against it. A host without room
// has it parked.
func (d *decider) consider(c *candidate, all bool) {
	contact := c.NewClass == Contact
	most, each := d.limits.contacts()
	switch {
	case d.out[c.Host] >= d.limit(c.Host):
		c.taken = true
		if c.Stage != media.Parked {
			d.decide(Position{Row: c.Row, To: media.Parked, NewRank: c.NewRank})
		}
	case contact && (d.contacts >= most || d.contactsOf[c.UserID] >= each),
		!all && d.of[c.UserID] >= d.limits.user(),
		d.free <= d.limits.reserve() && d.of[c.UserID] > 0:
	default:
		c.taken = true
		d.free--
		d.room--
		d.of[c.UserID]++
		d.asks(c.Host, c.UserID, contact)
		d.decide(c.Position)
	}
}

// rest puts in line what has a new rank there and did not go out.
func (d *decider) rest() {
	for _, line := range d.lines {
		for _, c := range line {
			moved := c.Stage == media.Parked || c.Stage == media.Later || c.Stage == media.InLine && c.Class != c.NewClass
			if !c.taken && moved {
				c.To = media.InLine
				d.decide(c.Position)
			}
		}
	}
}
