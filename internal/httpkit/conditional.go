package httpkit

import (
	"math"
	"net/http"
	"strconv"
	"strings"
)

// maxTags bounds how many entity tags a precondition may list.
const maxTags = 100

// tags is the value of If-Match or If-None-Match (RFC 9110 section 13.1).
type tags struct {
	any  bool     // *
	list []string // as they were sent, a leading W/ included
}

// VersionTag is the entity tag "version.revision.tag" of something at that
// version and revision. The tag names how answers are encoded.
func VersionTag(version, revision int64, tag string) string {
	var space [64]byte // for most
	b := append(space[:0], '"')
	b = append(strconv.AppendInt(b, version, 10), '.')
	b = append(strconv.AppendInt(b, revision, 10), '.')
	return string(append(append(b, tag...), '"'))
}

// versionOf reads the version of a VersionTag, whatever follows it.
func versionOf(tag string) (int64, bool) {
	if len(tag) < 2 || tag[0] != '"' {
		return 0, false
	}
	version, _, _ := strings.Cut(tag[1:len(tag)-1], ".")
	return ParseInteger(version, math.MaxInt64)
}

// parseTags reads all lines of the header; given is false where it is absent,
// ok where it is malformed.
func parseTags(h http.Header, name string) (t tags, given, ok bool) {
	lines, given := h[name]
	if !given {
		return tags{}, false, true
	}
	s := strings.Trim(strings.Join(lines, ","), " \t")
	if s == "*" {
		return tags{any: true}, true, true
	}
	for s != "" {
		if s[0] == ',' || s[0] == ' ' || s[0] == '\t' { // empty elements are allowed
			s = s[1:]
			continue
		}
		tag, rest, fine := cutTag(s)
		if !fine || len(t.list) == maxTags {
			return tags{}, true, false
		}
		t.list = append(t.list, tag)
		if s = strings.TrimLeft(rest, " \t"); s != "" && s[0] != ',' {
			return tags{}, true, false
		}
	}
	return t, true, len(t.list) > 0
}

// cutTag takes one entity tag off the front of s.
func cutTag(s string) (tag, rest string, ok bool) {
	start := 0
	if strings.HasPrefix(s, "W/") {
		start = 2
	}
	if start >= len(s) || s[start] != '"' {
		return "", "", false
	}
	for i := start + 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:], true
		case c <= ' ' || c == 0x7F:
			return "", "", false
		}
	}
	return "", "", false
}

// weakly reports whether the tag is listed; weak and strong ones are equal.
func (t tags) weakly(tag string) bool {
	for _, listed := range t.list {
		if strings.TrimPrefix(listed, "W/") == tag {
			return true
		}
	}
	return t.any
}

// versions returns the versions that VersionTags name when compared strongly,
// nil for every version. Other tags match nothing. Only the version of a tag
// counts, on purpose: If-Match protects one editor from another, whatever else
// of the product has changed and however its answer was encoded.
func (t tags) versions() []int64 {
	if t.any {
		return nil
	}
	versions := make([]int64, 0, len(t.list))
	for _, listed := range t.list {
		if n, ok := versionOf(listed); ok {
			versions = append(versions, n)
		}
	}
	return versions
}

// ReadPrecondition returns the versions of If-Match, at which something is read,
// nil for every one.
func ReadPrecondition(r *http.Request) ([]int64, error) {
	t, given, ok := parseTags(r.Header, "If-Match")
	if !ok {
		return nil, Refuse(http.StatusBadRequest, "If-Match must be * or a list of at most %d entity tags such as \"3\"", maxTags)
	}
	if !given {
		return nil, nil
	}
	return t.versions(), nil
}

// OnlyNew reports whether the request asks for a change only where nothing is there yet:
// If-None-Match: *.
func OnlyNew(r *http.Request) bool {
	t, given, ok := parseTags(r.Header, "If-None-Match")
	return given && ok && t.any
}

// ChangePrecondition returns the versions at which a change is allowed, nil
// for every one. A precondition that cannot be understood or kept is refused:
// a change despite it would be wrong.
func ChangePrecondition(r *http.Request) ([]int64, error) {
	if _, given := r.Header["If-None-Match"]; given {
		return nil, Refuse(http.StatusBadRequest, "If-None-Match is for reading; use If-Match to protect a change")
	}
	return ReadPrecondition(r)
}

// NotModified reports whether a client that reads has the answer of this tag
// already.
// An If-None-Match that cannot be understood is ignored: the full answer is
// always right.
func NotModified(r *http.Request, tag string) bool {
	t, given, ok := parseTags(r.Header, "If-None-Match")
	return given && ok && t.weakly(tag)
}
