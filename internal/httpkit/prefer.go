package httpkit

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	headerPrefer = "Prefer"
	// HeaderPreferenceApplied says which preferences an answer follows.
	HeaderPreferenceApplied = "Preference-Applied"
)

// Preference returns the value that the request prefers for name (RFC 7240), "" for
// none. The first counts where it is given more than once; parameters of it are ignored.
func Preference(r *http.Request, name string) string {
	for _, line := range r.Header.Values(headerPrefer) {
		for preference := range splitUnquoted(line, ',') {
			text, _, _ := strings.Cut(preference, ";")
			token, value, _ := strings.Cut(text, "=")
			if strings.EqualFold(strings.TrimSpace(token), name) {
				return strings.Trim(strings.TrimSpace(value), `"`)
			}
		}
	}
	return ""
}

// Applied says in the answer that it follows the preference.
func Applied(w http.ResponseWriter, name, value string) {
	w.Header().Add(HeaderPreferenceApplied, name+"="+value)
}

// KeptBack notes that the answer was kept back for so long because the client prefers that, which is no time
// that the server took for it.
func KeptBack(w http.ResponseWriter, d time.Duration) {
	for {
		switch to := w.(type) {
		case interface{ KeptBack(d time.Duration) }:
			to.KeptBack(d)
			return
		case interface{ Unwrap() http.ResponseWriter }:
			w = to.Unwrap()
		default:
			return
		}
	}
}

// splitUnquoted yields the parts of a list in a header, whose strings in quotes may
// hold the separator.
func splitUnquoted(line string, separator byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		quoted, start := false, 0
		for i := 0; i < len(line); i++ {
			switch {
			case quoted && line[i] == '\\':
				i++
			case line[i] == '"':
				quoted = !quoted
			case line[i] == separator && !quoted:
				if !yield(line[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(line[start:])
	}
}

// Prefers reports whether the Accept header of the request names the media type, with a
// quality (RFC 9110 section 12.5.1) that is not less than that of the other one, which a
// range such as */* may name.
func Prefers(r *http.Request, mediaType, other string) bool {
	lines := r.Header.Values("Accept")
	if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(strings.ToLower(line), mediaType) }) {
		return false
	}
	kind, _, _ := strings.Cut(other, "/")
	ranges, closest := []string{"*/*", kind + "/*", other}, -1 // the closest counts
	wanted, otherwise := 0.0, 0.0
	for _, line := range lines {
		for part := range splitUnquoted(line, ',') {
			name, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			q := 1.0
			if text, given := params["q"]; given {
				if q, err = strconv.ParseFloat(text, 64); err != nil {
					continue
				}
			}
			if name == mediaType {
				wanted = q
			} else if i := slices.Index(ranges, name); i > closest {
				closest, otherwise = i, q
			}
		}
	}
	return wanted > 0 && wanted >= otherwise
}
