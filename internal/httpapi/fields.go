package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"vitrine.dev/internal/catalog"
)

// required reads a field that must be there and not null. The zero value
// stands for one at fault; the fault keeps the rules from judging it.
func required[T any](o *object, name string, read func(*object, string, json.RawMessage) T) (v T) {
	raw, given := o.take(name)
	switch {
	case !given:
		o.errors.Add(name, "is required")
	case isNull(raw):
		o.errors.Add(name, "must not be null")
	default:
		v = read(o, name, raw)
	}
	return v
}

// optional reads a field whose absence means the same as null and as zero.
func optional[T any](o *object, name string, read func(*object, string, json.RawMessage) T) (v T) {
	raw, given := o.take(name)
	if !given || isNull(raw) {
		return v
	}
	return read(o, name, raw)
}

// changed reads a field of a merge patch: nil where it is absent, zero where
// it is null and so removed.
func changed[T any](o *object, name string, read func(*object, string, json.RawMessage) T) *T {
	raw, given := o.take(name)
	if !given {
		return nil
	}
	var v T
	if !isNull(raw) {
		v = read(o, name, raw)
	}
	return &v
}

// changedNotRemoved is changed for a field that every product has.
func changedNotRemoved[T any](o *object, name string, read func(*object, string, json.RawMessage) T) *T {
	raw, given := o.take(name)
	if !given {
		return nil
	}
	if isNull(raw) {
		o.errors.Add(name, "must not be null: every product has one")
		return nil
	}
	v := read(o, name, raw)
	return &v
}

// readText reads a string. An escaped half of a surrogate pair is no
// character, and to store another one in its place would not be what was sent.
func readText(o *object, name string, raw json.RawMessage) (s string) {
	if kind := kindOf(raw); kind != "a string" {
		o.errors.Add(name, "must be a string, not "+kind)
		return ""
	}
	if halfSurrogate(raw) {
		o.errors.Add(name, "must be valid UTF-8: it has half of a surrogate pair")
		return ""
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		o.errors.Add(name, "must be a string")
	}
	return s
}

// readInteger reads an integer; one beyond 64 bits comes out as the nearest of
// those, which is beyond every rule as well.
func readInteger(o *object, name string, raw json.RawMessage) int64 {
	if kind := kindOf(raw); kind != "a number" {
		o.errors.Add(name, "must be an integer, not "+kind)
		return 0
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		o.errors.Add(name, "must be an integer")
	}
	return n
}

// readPrice reads an exact price from a number, or a string that holds one.
func readPrice(o *object, name string, raw json.RawMessage) catalog.Price {
	text := string(raw)
	switch kind := kindOf(raw); kind {
	case "a number":
	case "a string":
		text = readText(o, name, raw)
	default:
		o.errors.Add(name, "must be a number, not "+kind)
		return 0
	}
	p, err := catalog.ParsePrice(text)
	if err != nil {
		o.errors.Add(name, err.Error())
	}
	return p
}

// readTexts reads an array of strings; each entry has faults of its own.
func readTexts(o *object, name string, raw json.RawMessage) []string {
	if kind := kindOf(raw); kind != "an array" {
		o.errors.Add(name, "must be an array of strings, not "+kind)
		return nil
	}
	entries, count := entriesOf(raw, catalog.MaxImages)
	texts := make([]string, count) // more than the rules allow are counted, not read
	for i, entry := range entries {
		if o.errors.Full() {
			break
		}
		texts[i] = readText(o, fmt.Sprintf("%s[%d]", name, i), entry)
	}
	return texts
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) }

// kindOf names the JSON type of a valid value, as faults spell it.
func kindOf(raw json.RawMessage) string {
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
