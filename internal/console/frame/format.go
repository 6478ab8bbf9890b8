package frame

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/fault"
)

// functions are what all templates may call.
func functions() template.FuncMap {
	return template.FuncMap{
		"n": Number[int], "n64": Number[int64], "price": Price, "upTo": UpTo, "bytes": Bytes, "rate": Rate, "ago": func(t time.Time) string { return Ago(t, time.Now()) },
		"now": time.Now, "stamp": Stamp, "took": Took, "icon": icon, "reason": ReasonWords, "percent": Percent, "plural": Plural, "list": func(v ...any) []any { return v },
		"dict": dict,
	}
}

// dict makes a map of keys and values, for a template that takes several.
func dict(pairs ...any) (map[string]any, error) {
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("key %v is no text", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

// Number writes n with a comma between thousands.
func Number[T int | int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	digits := strings.TrimPrefix(s, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if n < 0 {
		return "-" + digits
	}
	return digits
}

// UpTo is the number, with a plus where there may be more.
func UpTo(n int, more bool) string {
	if more {
		return Number(n) + "+"
	}
	return Number(n)
}

// Plural is the number with the word, which gets an s, or is the other one, unless the number is 1.
func Plural(n int, word string, other ...string) string {
	switch {
	case n == 1:
		return "1 " + word
	case len(other) > 0:
		return Number(n) + " " + other[0]
	default:
		return Number(n) + " " + word + "s"
	}
}

// Rate is a number with a digit after the point where it is small and not whole.
func Rate(v float64) string {
	if v < 10 && math.Round(v*10) != math.Round(v)*10 {
		return fmt.Sprintf("%.1f", v)
	}
	return Number(int64(math.Round(v)))
}

// Bytes is the number of bytes in the unit, of 1000 each, in which it has at most three digits before the point.
func Bytes(n int64) string {
	const unit = 1000
	if n < unit {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, units := float64(n), "kMGTPE"
	i := -1
	for value >= unit-0.5 && i < len(units)-1 {
		value /= unit
		i++
	}
	if value < 10 {
		return fmt.Sprintf("%.1f %cB", value, units[i])
	}
	return fmt.Sprintf("%.0f %cB", value, units[i])
}

// Price is a price with its cents: 180.50.
func Price(p fmt.Stringer) string {
	whole, cents, _ := strings.Cut(p.String(), ".")
	return whole + "." + (cents + "00")[:2]
}

// Percent is the part of the whole in percent, rounded; 0 of nothing.
func Percent(part, whole int64) int {
	if whole == 0 {
		return 0
	}
	return int(math.Round(float64(part) / float64(whole) * 100))
}

// Took is a duration as people say it: its two largest units at most, from milliseconds on.
func Took(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	default:
		return Plural(int(d.Hours()/24), "day")
	}
}

// Ago is how long before now, or after it, t is, in words; a dash for the zero time.
func Ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case t.IsZero():
		return "—"
	case d.Abs() < time.Second:
		return "now"
	case d < 0:
		return "in " + whole(-d)
	default:
		return whole(d) + " ago"
	}
}

// whole is Took without parts of seconds.
func whole(d time.Duration) string {
	if d < time.Minute {
		return strconv.Itoa(int(d.Seconds())) + " s"
	}
	return Took(d)
}

// Stamp is the moment to the second, in UTC.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// ReasonWords is the reason as a short phrase.
func ReasonWords(r fault.Reason) string {
	words := map[fault.Reason]string{
		fault.SourceNotFound: "Not found", fault.SourceForbidden: "Forbidden", fault.SourceTimeout: "Too slow", fault.SourceUnreachable: "Unreachable",
		fault.AddressBlocked: "Address blocked", fault.TooManyRedirects: "Too many redirects", fault.TooLargeBytes: "Too large",
		fault.TooManyPixels: "Too many pixels", fault.TooComplex: "Too complex", fault.UnsupportedType: "Not a picture", fault.DecodeFailed: "Damaged",
		fault.DecoderCrashed: "Decoder crashed", fault.WorkerLost: "Worker lost", fault.Cancelled: "Cancelled", fault.StorageUnavailable: "Storage unavailable",
		"unreadable": "Unreadable message",
	}
	if w, ok := words[r]; ok {
		return w
	}
	return string(r)
}
