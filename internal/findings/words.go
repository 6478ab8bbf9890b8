package findings

import (
	"strconv"
	"strings"
	"time"
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
