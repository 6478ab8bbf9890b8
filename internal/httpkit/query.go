package httpkit

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/fault"
)

// The parameters of a list.
const (
	ParamLimit  = "limit"
	ParamCursor = "cursor"
)

// Params are the query parameters of a request, each of which its route
// declares; an empty one counts as absent.
type Params struct {
	values  url.Values
	spelled map[string]string // of those that have several spellings: the one that all have in common
	// Errors are what is wrong so far; rules add theirs.
	Errors fault.FieldErrors
}

type paramsKey struct{}

// ParamsOf returns the parameters of a request to a route that declares some.
func ParamsOf(r *http.Request) *Params {
	p, _ := r.Context().Value(paramsKey{}).(*Params)
	return p
}

// WithParams returns the request with the parameters in its context.
func WithParams(r *http.Request, p *Params) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), paramsKey{}, p))
}

// ReadParams parses a query. A parameter that is not declared, or is given
// twice, is a field error and has no value.
func ReadParams(query string, declared []string) (*Params, error) {
	p := &Params{}
	if query == "" {
		return p, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, Refuse(http.StatusBadRequest,
			"the query is malformed: %s", "a % must be followed by two hexadecimal digits, and ; must be escaped")
	}
	given := make([]string, 0, len(values))
	for name := range values {
		given = append(given, name)
	}
	slices.Sort(given)
	for _, name := range given {
		switch {
		case !slices.Contains(declared, name):
			p.Errors.AddAt(fault.Parameter(), name, unknownParam(declared))
		case len(values[name]) > 1:
			p.Errors.AddAt(fault.Parameter(), name, "must be given only once")
		default:
			continue
		}
		delete(values, name)
	}
	p.values = values
	return p, nil
}

func unknownParam(declared []string) string {
	const reason = "is not a known query parameter; "
	if len(declared) == 0 {
		return reason + "this path has none"
	}
	return reason + "this path has " + strings.Join(declared, ", ")
}

// Text returns the parameter, "" where it is absent.
func (p *Params) Text(name string) string { return p.values.Get(name) }

// Integer reads an integer from 1 to most, 0 where it is absent.
func (p *Params) Integer(name string, most int64) int64 {
	s := p.Text(name)
	if s == "" {
		return 0
	}
	n, ok := ParseInteger(s, most)
	if !ok {
		p.Errors.Add(name, IntegerReason(most))
		return 0
	}
	return n
}

// Bool reads true or false, which it is where it is absent.
func (p *Params) Bool(name string) bool {
	s := p.Text(name)
	if s != "" && s != "true" && s != "false" {
		p.Errors.Add(name, "must be true or false")
	}
	return s == "true"
}

// AnyCase returns a parameter whose case says nothing, as it was given.
func (p *Params) AnyCase(name string) string {
	s := p.Text(name)
	p.Spell(name, strings.ToLower(s))
	return s
}

// Time reads a time, the zero one where it is absent.
func (p *Params) Time(name string) time.Time {
	s := p.Text(name)
	if s == "" {
		return time.Time{}
	}
	t, ok := ParseTime(s)
	if !ok {
		p.Errors.Add(name, TimeReason)
	}
	p.Spell(name, t.Format(time.RFC3339Nano))
	return t
}

// Spell notes how Selection spells a parameter that has other spellings, "" where it says nothing.
func (p *Params) Spell(name, text string) {
	if p.spelled == nil {
		p.spelled = map[string]string{}
	}
	p.spelled[name] = text
}

// Selection names what the list of the request is of: its parameters, however they are spelled, but for
// those that say which page of it, and how long one is.
func (p *Params) Selection() string {
	selected := url.Values{}
	for name := range p.values {
		selected.Set(name, p.values.Get(name))
	}
	for name, text := range p.spelled {
		selected.Set(name, text)
	}
	maps.DeleteFunc(selected, func(name string, v []string) bool {
		return v[0] == "" || name == ParamCursor || name == ParamLimit
	})
	return selected.Encode()
}

// Link is the header that points to the next page of the same list.
func (p *Params) Link(path, cursor string) string {
	next := url.Values{ParamCursor: {cursor}}
	for name := range p.values {
		if v := p.values.Get(name); v != "" && name != ParamCursor {
			next.Set(name, v)
		}
	}
	return "<" + path + "?" + next.Encode() + `>; rel="next"`
}

// TimeReason is the error of a field that ParseTime cannot read.
const TimeReason = "must be an RFC 3339 time such as 2026-11-23T06:00:00Z"

// rfc3339 is the form of a time, of which time.Parse takes others, too:
// https://go.dev/issue/54580
var rfc3339 = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)

// ParseTime reads a time that a millisecond column can hold.
func ParseTime(s string) (time.Time, bool) {
	s = strings.ToUpper(s)
	t, err := time.Parse(time.RFC3339, s)
	t = t.UTC()
	return t, err == nil && rfc3339.MatchString(s) && t.Year() >= 1970 && t.Year() <= 9999
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
		return 0, fault.InvalidParameter(name, IntegerReason(most))
	}
	return n, nil
}
