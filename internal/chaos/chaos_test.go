package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestChaos is `make chaos`, and in its short form a part of `make test`. Under
// CHAOS_DEFECT it is expected to fail: that is how it is shown to catch the
// defect.
func TestChaos(t *testing.T) { //nolint:paralleltest // it wants the machine for itself
	s := readSettings(t)
	sys := newSystem(t, s)
	src := newSource(t)
	know, past := newModel(), &history{began: time.Now()}
	m := &maker{src: src, run: strconv.FormatUint(s.seed, 10)}
	rng := rand.New(rand.NewPCG(s.seed, 0))
	c := &client{sys: sys, user: 1, rng: rng, make: m, know: know, past: past, http: &http.Client{}}
	hooks, follow, bulk := newReceivers(sys, s.seed), followers(sys, s.seed, past), newImporters(sys, s.seed, m, past)
	in := &injector{sys: sys, src: src, shop: c, past: past, counts: map[string]int{}, rng: rng, hooks: hooks}
	t.Logf("seed %d, %s of faults; logs in %s", s.seed, s.length, s.folder)

	loading, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { load(loading, sys, s.seed, m, know, past) })
	for _, im := range bulk {
		running.Go(func() { im.run(loading) })
	}
	for _, rc := range hooks {
		running.Go(func() { rc.comeAndGo(loading) })
	}
	following, leave := context.WithCancel(t.Context())
	defer leave()
	for _, f := range follow {
		go f.run(following)
	}
	stalled := 0
	running.Go(func() { stalled = stallWriters(loading, sys) })
	pause(t.Context(), 3*time.Second)
	in.run(s.length)
	// A little load on the whole system, so that it is seen to have recovered.
	pause(t.Context(), 3*time.Second)
	stop()
	running.Wait()
	for _, p := range sys.processes() {
		if p.Ended() {
			t.Errorf("%s has ended by itself; see %s/%s.log", p.name, s.folder, p.name)
		}
	}
	ends := awaitEnds(sys, in.last)
	for _, rc := range hooks {
		rc.comesBack()
	}
	o := verify(sys, c, know, src, in, bulk)
	if stalled == 0 {
		o.wrong(checkSkipped, "no writer has stalled")
	}
	if len(in.wiped) == 0 {
		o.wrong(checkLost, "no message was wiped: this shows nothing")
	}
	objects := o.cleanUp(sys)

	r := newReport()
	checkFollowers(r, sys, follow)
	leave()
	checkReceivers(r, sys, c, hooks)
	r.figure("seed", "%d", s.seed)
	r.figure("faults", "%d in %s: %s", in.total(), s.length, tally(in.counts))
	addChecks(r, past.all(), in.windows, know, o, ends)
	r.check(checkOrphans, o.problems[checkOrphans], "%d objects, and %d files of imports that are collected a day later", objects, o.left)
	r.check(checkBegun, o.problems[checkBegun], "")
	r.check(checkTogether, o.problems[checkTogether], "")
	r.check(checkSkipped, o.problems[checkSkipped], "%d writers stalled before their commit", stalled)
	r.check(checkLost, o.problems[checkLost], "%d were wiped, %d dispatched again", len(in.wiped), o.lost)
	checkHosts(r, sys, src, slices.Concat(in.hits, in.frozen))
	checkSteps(r, in.steps)
	sys.seen.report(r)
	r.print(t)
}

// addChecks adds what history and outcome say.
func addChecks(r *report, events []event, windows []window, know *model, o *outcome, ends ending) {
	requests, unanswered, odd := map[string]int{}, 0, []string(nil)
	for _, e := range events {
		requests[e.op]++
		if e.status == 0 {
			unanswered++
		}
		if e.leftover != "" {
			odd = append(odd, e.leftover)
		}
	}
	r.figure("requests", "%s; %d cut off by faults", tally(requests), unanswered)
	r.check(checkExists, o.problems[checkExists], "%d exist, %d deleted, %d creates of unknown outcome", o.products, o.deleted, len(know.lost))
	r.check(checkOnce, o.problems[checkOnce], "")
	r.check(checkAccepted, o.problems[checkAccepted], "%s", tally(o.importStates))
	r.check(checkRows, o.problems[checkRows], "%s; %d products", tally(o.importRows), o.imported)
	r.check(fmt.Sprintf("images and imports under way end within %s of the last fault, and %s for each", settleBound, settleEach), ends.waiting,
		"%d, the last ended after %s, at most %s", ends.left, round(ends.took), ends.limit)
	r.check(checkEnded, o.problems[checkEnded], "%d images: ready %d, %s; at most %d attempts", o.images, o.ready, tally(o.failed), o.attempts)
	r.check(checkBytes, o.problems[checkBytes], "")
	r.check(checkPublished, o.problems[checkPublished], "")

	f := checkFreshness(events)
	r.check("each API reads its writes and never goes back (Porcupine)", f.violations,
		"%d histories with %d operations", f.histories, f.operations)
	r.check("every read shows a state that was written, at its revision", checkContent(events, know), "%d reads", f.reads)
	var tooOld []string
	if f.worst > staleBound {
		tooOld = []string{fmt.Sprintf("%s old: %+v", f.worst, f.oldest)}
	}
	r.check("staleness across APIs is at most "+staleBound.String(), tooOld,
		"p99 %s, maximum %s; %d of %d reads were stale", round(f.p99), round(f.worst), f.stale, f.reads)
	lists, wrong := checkLists(events, staleBound)
	r.check("lists show what was created and deleted", wrong, "%d lists", lists)

	all, bad := measure(events, windows)
	for _, a := range all {
		r.figure("creates while the "+a.part+" was down", "%d: %d succeeded, %d were answered 503 with Retry-After, %d otherwise; slowest %s; back after %s",
			a.sent, a.ok, a.refused, a.other, round(a.slowest), round(a.recover))
	}
	r.check("creates go on without broker, cache or storage; 503 without the database", bad, "")
	r.check("no answer but those that are documented", odd, "")
}
