package form

import (
	"bytes"
	"encoding/json"
	"strconv"
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

// IsNull reports whether the value is null.
func IsNull(raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) }

// KindOf names the JSON type of a valid value, as errors spell it.
func KindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// halfSurrogate reports whether a valid JSON string has a \u escape from D800
// to DFFF that is not part of a pair.
func halfSurrogate(raw []byte) bool {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++ // the escaped character
		unit, ok := escapedUnit(raw, i)
		if !ok || unit < 0xD800 || unit > 0xDFFF {
			continue
		}
		if i+5 >= len(raw) || raw[i+5] != '\\' {
			return true
		}
		low, ok := escapedUnit(raw, i+6)
		if unit > 0xDBFF || !ok || low < 0xDC00 || low > 0xDFFF {
			return true
		}
		i += 10
	}
	return false
}

// escapedUnit reads the uXXXX at i.
func escapedUnit(raw []byte, i int) (uint64, bool) {
	if i+5 > len(raw) || raw[i] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
	return unit, err == nil
}
