package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// params are the query parameters of a request, each of which its route
// declares; an empty one counts as absent. The faults found so far are for the
// rules to add theirs.
type params struct {
	values url.Values
	errors fault.FieldErrors
}

type paramsKey struct{}

// paramsOf returns the parameters of a request to a route that declares some.
func paramsOf(r *http.Request) *params {
	p, _ := r.Context().Value(paramsKey{}).(*params)
	return p
}

// withParams has the handler of the route called for requests without unknown
// query parameters only. One that takes parameters finds the faults among them.
func (rt route) withParams() route {
	next, declared := rt.handle, names(rt.query)
	rt.handle = func(w http.ResponseWriter, r *http.Request) error {
		p, err := readParams(r.URL.RawQuery, declared)
		if err != nil {
			return err
		}
		if len(declared) > 0 {
			return next(w, r.WithContext(context.WithValue(r.Context(), paramsKey{}, p)))
		}
		if err := p.errors.Err(); err != nil {
			return err
		}
		return next(w, r)
	}
	return rt
}

func names(declared []*huma.Param) []string {
	list := make([]string, len(declared))
	for i, p := range declared {
		list[i] = p.Name
	}
	return list
}

// readParams takes a query apart. A parameter that is not declared, or is given
// twice, is at fault and has no value.
func readParams(query string, declared []string) (*params, error) {
	p := &params{}
	if query == "" {
		return p, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, refuse(http.StatusBadRequest,
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
			p.errors.Add(name, unknownParam(declared))
		case len(values[name]) > 1:
			p.errors.Add(name, "must be given only once")
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

func (p *params) text(name string) string { return p.values.Get(name) }

func (p *params) integer(name string, most int64) int64 {
	s := p.text(name)
	if s == "" {
		return 0
	}
	n, ok := parseUpTo(s, most)
	if !ok {
		p.errors.Add(name, integerReason(most))
		return 0
	}
	return n
}

func (p *params) price(name string) *catalog.Price {
	s := p.text(name)
	if s == "" {
		return nil
	}
	price, err := catalog.ParsePrice(s)
	if err != nil {
		p.errors.Add(name, err.Error())
		return nil
	}
	return &price
}

// link is the header that points to the next page of the same list.
func (p *params) link(path, cursor string) string {
	next := url.Values{paramCursor: {cursor}}
	for name := range p.values {
		if v := p.values.Get(name); v != "" && name != paramCursor {
			next.Set(name, v)
		}
	}
	return "<" + path + "?" + next.Encode() + `>; rel="next"`
}
