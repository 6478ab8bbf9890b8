package chaos_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// freshness is what the history says of promise 5.
type freshness struct {
	histories  int      // one for each product at each life of an API
	operations int      // in all of them
	violations []string // of reading one's writes and never going back
	reads      int
	stale      int           // reads that showed less than was acknowledged before them
	p99, worst time.Duration // by how much, over all reads
	oldest     event
}

// input is one operation at one API on one product.
type input struct{ write bool }

// register is the promise at one API: a read shows at least the highest revision
// that was acknowledged or served before it began.
func register() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return int64(0) },
		Step: func(now, in, out any) (bool, any) {
			highest, revision := now.(int64), out.(int64)
			if !in.(input).write && revision < highest {
				return false, highest
			}
			return true, max(highest, revision)
		},
		DescribeOperation: func(in, out any) string {
			verb := "read"
			if in.(input).write {
				verb = "wrote"
			}
			if revision := out.(int64); revision != deletedRevision {
				return fmt.Sprintf("%s revision %d", verb, revision)
			}
			return verb + " that it is gone"
		},
		DescribeState: func(state any) string { return fmt.Sprint(state) },
	}
}

// place is one product at one life of an API.
type place struct {
	api     string
	life    int64
	product int64
}

func checkFreshness(events []event) freshness {
	var f freshness
	byPlace := map[place][]porcupine.Operation{}
	writes := map[int64][]event{} // acknowledged, by product
	for _, e := range events {
		if e.product == 0 || e.revision == 0 || e.op == "list" {
			continue
		}
		at := place{e.api, e.life, e.product}
		byPlace[at] = append(byPlace[at], porcupine.Operation{
			Input: input{write: e.op != "read"}, Output: e.revision, Call: int64(e.call), Return: int64(e.ret),
		})
		if e.op != "read" {
			writes[e.product] = append(writes[e.product], e)
		}
	}
	f.histories = len(byPlace)
	for at, operations := range byPlace {
		f.operations += len(operations)
		if result := porcupine.CheckOperationsTimeout(register(), operations, 10*time.Second); result != porcupine.Ok {
			f.violations = append(f.violations,
				fmt.Sprintf("%s (life %d), product %d: %s: %s", at.api, at.life, at.product, result, describe(operations)))
		}
	}
	f.staleness(events, writes)
	return f
}

// staleness measures every read against what any API had acknowledged before
// it began: how long ago was the oldest write acknowledged that it did not show?
func (f *freshness) staleness(events []event, writes map[int64][]event) {
	var ages []time.Duration
	for _, e := range events {
		if e.op != "read" || e.revision == 0 {
			continue
		}
		missed := time.Duration(math.MaxInt64)
		for _, w := range writes[e.product] {
			if w.ret < e.call && w.revision > e.revision {
				missed = min(missed, w.ret)
			}
		}
		age := time.Duration(0)
		if missed < e.call {
			age = e.call - missed
			f.stale++
		}
		if age > f.worst {
			f.worst, f.oldest = age, e
		}
		ages = append(ages, age)
	}
	f.reads = len(ages)
	if len(ages) > 0 {
		slices.Sort(ages)
		f.p99 = ages[len(ages)*99/100]
	}
}

// describe tells a short history.
func describe(operations []porcupine.Operation) string {
	slices.SortFunc(operations, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var text strings.Builder
	for _, o := range operations {
		fmt.Fprintf(&text, " [%s–%s %s]", time.Duration(o.Call).Round(time.Millisecond),
			time.Duration(o.Return).Round(time.Millisecond), register().DescribeOperation(o.Input, o.Output))
	}
	return text.String()
}

// checkContent reports reads that showed what no one had written.
func checkContent(events []event, know *model) (bad []string) {
	for _, e := range events {
		if e.op != "read" || e.revision == 0 || e.revision == deletedRevision {
			continue
		}
		it := know.byID[e.product]
		if it == nil || !it.may(e.revision, e.shown) {
			bad = append(bad, fmt.Sprintf("%s at %s showed revision %d of product %d as %+v",
				e.api, e.ret.Round(time.Millisecond), e.revision, e.product, e.shown))
		}
	}
	return bad
}

// checkLists holds every list against the creates and deletes acknowledged
// before it: by the same API at once, by the other within bound.
func checkLists(events []event, bound time.Duration) (lists int, bad []string) {
	var creates, deletes []event
	doomed := map[int64]time.Duration{} // when the first delete was sent
	for _, e := range events {
		switch {
		case e.op == "create" && e.product > 0:
			creates = append(creates, e)
		case e.op == "delete":
			if first, sent := doomed[e.product]; !sent || e.call < first {
				doomed[e.product] = e.call
			}
			if e.revision == deletedRevision {
				deletes = append(deletes, e)
			}
		}
	}
	for _, l := range events {
		if l.op != "list" || l.status != 200 {
			continue
		}
		lists++
		told := func(e event) bool {
			if e.api == l.api && e.life == l.life {
				return e.ret < l.call
			}
			return e.ret+bound < l.call
		}
		inPage := func(id int64) bool { return l.whole || len(l.listed) > 0 && id > l.listed[len(l.listed)-1] }
		for _, e := range creates {
			sent, going := doomed[e.product]
			if e.user == l.user && told(e) && inPage(e.product) && !(going && sent < l.ret) && !slices.Contains(l.listed, e.product) {
				bad = append(bad, fmt.Sprintf("a list at %s of %s lacks product %d, created at %s through %s",
					l.call.Round(time.Millisecond), l.api, e.product, e.ret.Round(time.Millisecond), e.api))
			}
		}
		for _, e := range deletes {
			if told(e) && slices.Contains(l.listed, e.product) {
				bad = append(bad, fmt.Sprintf("a list at %s of %s shows product %d, deleted at %s through %s",
					l.call.Round(time.Millisecond), l.api, e.product, e.ret.Round(time.Millisecond), e.api))
			}
		}
	}
	return lists, bad
}
