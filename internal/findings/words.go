package findings

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/processes"
)

// since is " since 14:05 UTC", with the day where that is another one; "" for no time.
func (f Facts) since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " since " + f.clock(t)
}

// clock is a time of today, or with its day.
func (f Facts) clock(t time.Time) string {
	t = t.UTC()
	if t.Format(time.DateOnly) == f.Now.UTC().Format(time.DateOnly) {
		return t.Format("15:04 UTC")
	}
	return t.Format("2 January 15:04 UTC")
}

// HostText says since when a host fails, and why; more is whether more may be parked than counted. "" for one of which
// no URL has failed since its last answer.
func HostText(now time.Time, h dispatch.HostView, more bool) string {
	return Facts{Now: now}.host(h, more)
}

// LostText says how many workers were lost, when, and with how many pictures; "" where none was. The processes are those of
// dispatch.Overview.Lost.
func LostText(now time.Time, list []processes.Process) string {
	return Facts{Now: now}.lost(lostOf(list))
}

func (f Facts) lost(l lost) string {
	who := "A worker stopped answering"
	switch {
	case l.workers == 0:
		return ""
	case l.workers >= dispatch.MostLost:
		who = fmt.Sprintf("%d workers or more have stopped answering, the last", l.workers)
	case l.workers > 1:
		who = fmt.Sprintf("%d workers have stopped answering, the last", l.workers)
	}
	return fmt.Sprintf("%s at %s with %s in work.", who, f.clock(l.last), pictures(l.inWork, false))
}

func (f Facts) host(h dispatch.HostView, more bool) string {
	since := f.since(time.UnixMilli(h.FailingAt))
	switch {
	case h.FailingAt == 0:
		return ""
	case h.State == dispatch.HostFailing:
		return fmt.Sprintf("%s of %s failed%s (%s).", several(h.Failures, false, "URL"), h.Name, since, h.Reason)
	default:
		return fmt.Sprintf("%s has failed%s (%s); %s for it.", h.Name, since, h.Reason, does(h.Parked, more, "waits", "wait"))
	}
}

// number has its digits in groups of three, and a plus where there may be more.
func number(n int, more bool) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if more {
		s += "+"
	}
	return s
}

func pictures(n int, more bool) string { return several(n, more, "picture") }

func events(n int) string { return several(n, n >= BehindMost, "event") }

func times(n int) string { return several(n, false, "time") }

func several(n int, more bool, one string) string {
	if n == 1 && !more {
		return "1 " + one
	}
	return number(n, more) + " " + one + "s"
}

// does is so many pictures with the verb.
func does(n int, more bool, one, many string) string {
	if n == 1 && !more {
		return pictures(n, more) + " " + one
	}
	return pictures(n, more) + " " + many
}

// list is "a", "a and b", or "a, b and c".
func list(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
