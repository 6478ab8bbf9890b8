package line

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// part is a word of a line, with its key or without.
type part struct {
	start, end int // in bytes
	key, value string
	valueAt    int // where the value begins
	fault      string
}

// split returns the parts of the line.
func split(s string) (parts []part) {
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		if unicode.IsSpace(r) {
			at += size
			continue
		}
		p := next(s, at)
		parts = append(parts, p)
		at = p.end
	}
	return parts
}

// next reads the part that begins at the byte.
func next(s string, start int) part {
	p := part{start: start, valueAt: start}
	var value strings.Builder
	quoted, hasKey, bare := false, false, true
	at := start
	for at < len(s) {
		r, size := utf8.DecodeRuneInString(s[at:])
		switch {
		case quoted && r == '\\' && at+1 < len(s) && (s[at+1] == '"' || s[at+1] == '\\'):
			value.WriteByte(s[at+1])
			at += 2
			continue
		case r == '"':
			quoted, bare = !quoted, false
		case !quoted && unicode.IsSpace(r):
			size = 0
		case r == ':' && bare && !hasKey:
			hasKey, p.key, p.valueAt = true, value.String(), at+1
			value.Reset()
		default:
			value.WriteString(s[at : at+size])
		}
		if size == 0 {
			break
		}
		at += size
	}
	p.end, p.value = at, value.String()
	switch {
	case quoted:
		p.fault = "a quote is not closed"
	case hasKey && p.key == "":
		p.fault = "there is nothing before the colon"
	case !hasKey && p.value == "":
		p.fault = "there is nothing between the quotes"
	case !utf8.ValidString(p.value):
		p.fault = "it is no valid text"
	}
	return p
}

// quote writes a value so that it is read as one.
func quote(value string) string {
	plain := !strings.ContainsAny(value, `":\`) && strings.IndexFunc(value, unicode.IsSpace) < 0
	if plain {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}
