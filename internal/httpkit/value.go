package httpkit

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/fault"
)

// TimeReason is the error of a field that ParseTime cannot read.
const TimeReason = "must be an RFC 3339 time such as 2026-11-23T06:00:00Z"

// ParseTime reads a time that a millisecond column can hold.
func ParseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, strings.ToUpper(s))
	t = t.UTC()
	return t, err == nil && t.Year() >= 1970 && t.Year() <= 9999
}

// ParseInteger reads a decimal integer from 1 to most. It has one spelling only:
// no sign and no leading zeros.
func ParseInteger(s string, most int64) (int64, bool) {
	if s == "" || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n <= most
}

// IntegerReason is the error of a field that ParseInteger cannot read.
func IntegerReason(most int64) string {
	return "must be an integer from 1 to " + strconv.FormatInt(most, 10)
}

// PathInteger reads a part of the path as ParseInteger does. fault.Invalid.
func PathInteger(r *http.Request, name string, most int64) (int64, error) {
	n, ok := ParseInteger(r.PathValue(name), most)
	if !ok {
		return 0, fault.InvalidField(name, IntegerReason(most))
	}
	return n, nil
}
