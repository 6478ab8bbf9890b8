package httpkit

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestParseTags(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		lines []string
		list  []string
		any   bool
		ok    bool
	}{
		{nil, nil, false, true},
		{[]string{"*"}, nil, true, true},
		{[]string{" * "}, nil, true, true},
		{[]string{`"1"`}, []string{`"1"`}, false, true},
		{[]string{`"1"`, `W/"2" ,"a,b"`}, []string{`"1"`, `W/"2"`, `"a,b"`}, false, true},
		{[]string{`""`}, []string{`""`}, false, true},
		{[]string{""}, nil, false, false},
		{[]string{`,`}, nil, false, false},
		{[]string{`"1`}, nil, false, false},
		{[]string{`"`}, nil, false, false},
		{[]string{`W/`}, nil, false, false},
		{[]string{`W/1`}, nil, false, false},
		{[]string{`"1"x`}, nil, false, false},
		{[]string{`"1""2"`}, nil, false, false},
		{[]string{`"a b"`}, nil, false, false},
		{[]string{`"1", *`}, nil, false, false},
	} {
		h := http.Header{}
		if tc.lines != nil {
			h["If-Match"] = tc.lines
		}
		got, given, ok := parseTags(h, "If-Match")
		if given != (tc.lines != nil) || ok != tc.ok || got.any != tc.any || !slices.Equal(got.list, tc.list) {
			t.Errorf("parseTags(%q) = %+v, %v, %v", tc.lines, got, given, ok)
		}
	}
}

func FuzzParseTags(f *testing.F) {
	for _, s := range []string{`*`, `"1"`, `W/"1", "2"`, `,,"x"`, `"`, `W/`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, _, ok := parseTags(http.Header{"If-Match": {s}}, "If-Match")
		if !ok || got.any {
			return
		}
		again, _, ok := parseTags(http.Header{"If-Match": {strings.Join(got.list, ", ")}}, "If-Match")
		if !ok || !slices.Equal(got.list, again.list) {
			t.Errorf("%q = %q, read again %q", s, got.list, again.list)
		}
		for _, v := range got.versions() {
			number := strconv.FormatInt(v, 10)
			if !slices.ContainsFunc(got.list, func(tag string) bool {
				return tag == `"`+number+`"` || strings.HasPrefix(tag, `"`+number+`.`)
			}) {
				t.Errorf("%q stands for version %d", s, v)
			}
		}
	})
}

// FuzzParseTime: a time that is accepted can be kept in a column and written
// again.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-11-23T06:00:00Z", "1970-01-01t00:00:00z", "9999-12-31T23:59:59.999999999-23:59", "2026-02-30T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := ParseTime(s)
		if !ok {
			return
		}
		again, ok := ParseTime(at.Format(time.RFC3339Nano))
		if !ok || !again.Equal(at) || at.UnixMilli() < 0 {
			t.Errorf("%q is read as %v, again as %v", s, at, again)
		}
	})
}

// TestParseTimeIsStrict: what RFC 3339 does not have is no time.
func TestParseTimeIsStrict(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"2026-11-23T06:00:00Z": true, "2026-11-23t06:00:00.5z": true, "2026-11-23T06:00:00+14:00": true,
		"2026-11-23T6:00:00Z": false, "2026-11-23T06:00:00,5Z": false, "2026-11-23T06:00:00+24:00": false,
		"2026-11-23 06:00:00Z": false, "2026-11-23T06:00:00": false, "2026-11-23": false, "": false,
	} {
		if _, ok := ParseTime(s); ok != want {
			t.Errorf("%q: %t", s, ok)
		}
	}
}
