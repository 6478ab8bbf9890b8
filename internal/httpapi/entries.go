package httpapi

import (
	"bytes"
	"encoding/json"
)

// entriesOf takes an array apart that is known to be valid JSON. It returns the
// first entries, at most so many, and how many there are: encoding/json would
// make all of them, at eighty times their bytes.
func entriesOf(raw json.RawMessage, most int) (first []json.RawMessage, count int) {
	inside := bytes.TrimSpace(raw)
	inside = bytes.TrimSpace(inside[1 : len(inside)-1])
	for len(inside) > 0 {
		end := entryEnd(inside)
		if count++; count <= most {
			first = append(first, json.RawMessage(bytes.TrimSpace(inside[:end])))
		}
		inside = inside[min(end+1, len(inside)):]
	}
	return first, count
}

// entryEnd is where the comma stands after the first entry, or the end.
func entryEnd(b []byte) int {
	depth, text := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++ // what is escaped ends nothing
		case c == '"':
			text = !text
		case text:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			return i
		}
	}
	return len(b)
}
