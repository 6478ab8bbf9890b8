package chaos_test

import (
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/systemtest"
)

// availability is how creates went while one part alone was down.
type availability struct {
	part             string
	sent, ok         int
	refused          int // 503 with Retry-After
	other            int
	slowest, recover time.Duration
}

// margin keeps requests out of a window that were under way at its edges.
const margin = 300 * time.Millisecond

func measure(events []event, windows []window) (all []availability, bad []string) {
	for _, w := range windows {
		if !slices.Contains(systemtest.Parts(), w.name) {
			continue
		}
		a := availability{part: w.name}
		for _, e := range events {
			if e.op != "create" || e.call < w.from+margin || e.ret > w.to-margin && e.call > w.to-margin {
				continue
			}
			if e.call > w.to {
				continue
			}
			a.sent++
			a.slowest = max(a.slowest, e.ret-e.call)
			switch {
			case e.status == 201:
				a.ok++
			case e.status == 503 && e.after:
				a.refused++
			default:
				a.other++
			}
		}
		back := slices.IndexFunc(windows, func(b window) bool { return b.name == w.name+" is back" && b.from >= w.to })
		if back >= 0 {
			a.recover = firstCreate(events, windows[back].from)
		}
		bad = append(bad, a.problems()...)
		all = append(all, a)
	}
	return all, bad
}

func (a availability) problems() (bad []string) {
	switch {
	case a.sent == 0:
		return []string{"nothing was created while the " + a.part + " was down: this shows nothing"}
	case a.part != systemtest.Database && a.ok < a.sent:
		bad = append(bad, fmt.Sprintf("%d of %d creates did not succeed while the %s was down", a.sent-a.ok, a.sent, a.part))
	case a.part == systemtest.Database && a.refused < a.sent:
		bad = append(bad, fmt.Sprintf("%d of %d creates were not answered 503 with Retry-After while the database was down",
			a.sent-a.refused, a.sent))
	}
	if a.part == systemtest.Database && (a.recover < 0 || a.recover > recoverBound) {
		bad = append(bad, fmt.Sprintf("the first create after the database was back came after %s", a.recover))
	}
	return bad
}

// firstCreate returns after how long the first create succeeded; negative if none did.
func firstCreate(events []event, from time.Duration) time.Duration {
	first := time.Duration(-1)
	for _, e := range events {
		if e.op == "create" && e.status == 201 && e.ret >= from && (first < 0 || e.ret-from < first) {
			first = e.ret - from
		}
	}
	return first
}
