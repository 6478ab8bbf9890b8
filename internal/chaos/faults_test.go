package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// fault is one thing that goes wrong, and how it is put right.
type fault struct {
	name   string
	target string // faults of one target do not overlap
	begin  func()
	end    func()
	limit  time.Duration // how long it may last; 0 for what the dice give
}

// window is when something was down.
type window struct {
	name     string
	from, to time.Duration
}

// span is from one moment to another.
type span struct{ from, to time.Time }

// hit notes that something was at fault since then. What was dispatched just
// before may not have been published.
func (in *injector) hit(since time.Time) {
	in.hits = append(in.hits, span{since.Add(-500 * time.Millisecond), time.Now().Add(time.Second)})
}

// hitAt reports whether something was at fault at the moment.
func (in *injector) hitAt(at time.Time) bool {
	return slices.ContainsFunc(in.hits, func(s span) bool { return !at.Before(s.from) && !at.After(s.to) })
}

// injector makes faults, one or two at a time.
type injector struct {
	sys     *system
	src     *source
	hooks   []*receiver
	shop    *client // of its own
	rng     *rand.Rand
	past    *history
	windows []window // of what was announced with during
	counts  map[string]int
	wiped   map[int64]bool // images whose jobs were taken from the broker
	hits    []span         // when a dispatch could end before its jobs were published
	frozen  []span         // when a process was, for longer than its hit says
	last    time.Time      // when the last fault ended
	steps   []inStep

	untouched []*item // products that its shop keeps from the others
}

// choose throws the dice: what is hit, and then how.
func (in *injector) choose() fault {
	pick := func(all []fault) fault { return all[in.rng.IntN(len(all))] }
	switch dice := in.rng.IntN(102); {
	case dice < 35:
		all := in.sys.processes()
		return pick(in.processFaults(all[in.rng.IntN(len(all))]))
	case dice < 60:
		return pick(in.serverFaults(in.part()))
	case dice < 85:
		all := in.sys.processes()
		p, part := all[in.rng.IntN(len(all))], in.part()
		return pick(in.linkFaults(p.name+"–"+part, "link", in.sys.links[p.name][part]))
	case dice < 93:
		p := in.sys.apis[in.rng.IntN(len(in.sys.apis))]
		return pick(in.linkFaults("clients–"+p.name, "link to an API", in.sys.fronts[p.name]))
	case dice < 98:
		return pick(in.cacheFaults())
	default:
		rc := in.hooks[in.rng.IntN(len(in.hooks))]
		return pick(in.linkFaults(fmt.Sprintf("receiver of user %d", rc.user), "link to a receiver", rc.link))
	}
}

func (in *injector) part() string { return systemtest.Parts()[in.rng.IntN(len(systemtest.Parts()))] }

func (in *injector) processFaults(p *process) []fault {
	restart := func() { in.start(p) }
	return []fault{
		{name: "kill a process", target: p.name, begin: p.Kill, end: restart},
		{name: "restart a process in order", target: p.name, begin: p.stop, end: restart, limit: 200 * time.Millisecond},
		{
			name: "freeze a process", target: p.name,
			begin: func() { p.Signal(syscall.SIGSTOP) }, end: func() { p.Signal(syscall.SIGCONT) },
		},
	}
}

func (in *injector) serverFaults(part string) []fault {
	t, server := in.sys.t, in.sys.servers.ByPart[part]
	return []fault{
		{
			name: "kill the " + part, target: part,
			begin: func() { server.Kill(t) }, end: func() { server.Start(t) },
		},
		{
			name: "freeze the " + part, target: part,
			begin: func() { server.Stop(t) }, end: func() { server.Cont(t) },
		},
		{
			name: "cut the " + part + " off", target: part,
			begin: func() { in.links(part, (*testserver.TCPProxy).Cut) },
			end:   func() { in.links(part, (*testserver.TCPProxy).Restore) },
		},
	}
}

func (in *injector) linkFaults(target, what string, link *testserver.TCPProxy) []fault {
	slow := time.Duration(20+in.rng.IntN(200)) * time.Millisecond
	return []fault{
		{name: "cut a " + what, target: target, begin: link.Cut, end: link.Restore},
		{name: "stall a " + what, target: target, begin: link.Stall, end: link.Resume},
		{name: "hold the answers of a " + what, target: target, begin: link.StallReplies, end: link.Resume},
		{name: "delay a " + what, target: target, begin: func() { link.Delay(slow) }, end: func() { link.Delay(0) }},
		{name: "half-close a " + what, target: target, begin: link.HalfClose, end: func() {}, limit: 100 * time.Millisecond},
	}
}

// links does the same to every link to a part.
func (in *injector) links(part string, do func(*testserver.TCPProxy)) {
	for _, links := range in.sys.links {
		do(links[part])
	}
}

// run makes faults for length: first each part alone is down for a while, so
// that it can be said what that costs, each worker loses its work to the other,
// one dies with work in hand, one with messages at hand, dispatchers are hit in their
// steps, the process that delivers webhooks dies with some under way, and all processes
// in the middle of an import; then what the dice say.
func (in *injector) run(length time.Duration) {
	end := time.Now().Add(length)
	time.AfterFunc(length/2, func() { close(in.src.healed) })
	in.alone()
	in.wipe()
	in.oversleep(in.sys.workers[1])
	in.dieWorking(in.sys.workers[1])
	in.dieWaiting(in.sys.workers[0])
	in.hitInStep(in.sys.workers[in.rng.IntN(2)], false)
	in.hitInStep(in.sys.apis[in.rng.IntN(2)], true)
	in.dieDelivering()
	in.powerCut()
	for time.Now().Before(end) && in.sys.t.Context().Err() == nil {
		if in.rng.IntN(50) == 0 { // alone: it is looked for in the database
			all := in.sys.processes()
			in.hitInStep(all[in.rng.IntN(len(all))], in.rng.IntN(2) == 0)
		} else {
			in.random()
		}
		pause(in.sys.t.Context(), time.Duration(200+in.rng.IntN(1500))*time.Millisecond)
	}
	close(in.src.over)
	<-in.src.healed
	in.last = time.Now()
	for _, it := range in.untouched {
		in.shop.know.add(it)
	}
}

// alone takes each server down with nothing else at fault.
func (in *injector) alone() {
	for _, n := range in.rng.Perm(len(systemtest.Parts())) {
		part := systemtest.Parts()[n]
		server := in.sys.servers.ByPart[part]
		in.count("the " + part + " alone is down")
		began := time.Now()
		server.Kill(in.sys.t)
		in.during(part, func() { pause(in.sys.t.Context(), 5*time.Second) })
		server.Start(in.sys.t)
		in.hit(began)
		back := in.past.now()
		in.windows = append(in.windows, window{part + " is back", back, back + recoverBound})
		// Health, breakers and reconnects have their time before the next.
		pause(in.sys.t.Context(), 3*time.Second)
	}
}

func (in *injector) during(name string, do func()) {
	from := in.past.now()
	do()
	in.windows = append(in.windows, window{name, from, in.past.now()})
}

func (in *injector) random() {
	first := in.choose()
	chosen := []fault{first}
	if in.rng.IntN(3) == 0 {
		if second := in.choose(); second.target != first.target {
			chosen = append(chosen, second)
		}
	}
	defer in.hit(time.Now())
	lasts := time.Duration(300+in.rng.IntN(6000)) * time.Millisecond
	for _, f := range chosen {
		in.sys.t.Logf("%8s %s (%s)", in.past.now().Round(time.Millisecond), f.name, f.target)
		in.count(f.name)
		f.begin()
		if f.limit > 0 {
			lasts = min(lasts, f.limit)
		}
	}
	pause(in.sys.t.Context(), lasts)
	for _, f := range chosen {
		f.end()
	}
}

func (in *injector) count(name string) { in.counts[name]++ }

// total is how many faults there were.
func (in *injector) total() int {
	n := 0
	for _, c := range in.counts {
		n += c
	}
	return n
}

func (w window) String() string {
	return fmt.Sprintf("%s from %s to %s", w.name, w.from.Round(time.Millisecond), w.to.Round(time.Millisecond))
}
