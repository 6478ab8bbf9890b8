package form

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

// Required reads a field that must be there and not null. The zero value stands
// for one that is wrong; its error keeps the rules from judging it.
func Required[T any](o *Object, name string, read func(*Object, string, jsontext.Value) T) (v T) {
	raw, given := o.take(name)
	switch {
	case !given:
		o.Errors.Add(name, "is required")
	case isNull(raw):
		o.Errors.Add(name, "must not be null")
	default:
		v = read(o, name, raw)
	}
	return v
}

// Optional reads a field whose absence means the same as null and as zero.
func Optional[T any](o *Object, name string, read func(*Object, string, jsontext.Value) T) (v T) {
	raw, given := o.take(name)
	if !given || isNull(raw) {
		return v
	}
	return read(o, name, raw)
}

// NotNull reads a field that may be absent, which is as good as zero, but not null.
func NotNull[T any](o *Object, name string, read func(*Object, string, jsontext.Value) T) (v T) {
	raw, given := o.take(name)
	switch {
	case !given:
	case isNull(raw):
		o.Errors.Add(name, "must not be null")
	default:
		v = read(o, name, raw)
	}
	return v
}

// Changed reads a field of a merge patch: nil where it is absent, zero where
// it is null and so removed.
func Changed[T any](o *Object, name string, read func(*Object, string, jsontext.Value) T) *T {
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

// ChangedNotRemoved is Changed for a field that must not be null, for the reason.
func ChangedNotRemoved[T any](o *Object, name, reason string, read func(*Object, string, jsontext.Value) T) *T {
	raw, given := o.take(name)
	if !given {
		return nil
	}
	if isNull(raw) {
		o.Errors.Add(name, "must not be null: "+reason)
		return nil
	}
	v := read(o, name, raw)
	return &v
}

// Text reads a string. An escaped half of a surrogate pair is an error: it is no
// character, and a replacement would not be what was sent.
func Text(o *Object, name string, raw jsontext.Value) string {
	if kind := KindOf(raw); kind != "a string" {
		o.Errors.Add(name, "must be a string, not "+kind)
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		o.Errors.Add(name, "must be valid UTF-8: it has half of a surrogate pair")
		return ""
	}
	return string(text)
}

// Integer reads an integer; one beyond 64 bits becomes the nearest of those,
// which every rule refuses as well.
func Integer(o *Object, name string, raw jsontext.Value) int64 {
	if kind := KindOf(raw); kind != "a number" {
		o.Errors.Add(name, "must be an integer, not "+kind)
		return 0
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		o.Errors.Add(name, "must be an integer")
	}
	return n
}

// ID returns a reader of ids up to most. 0 stands for one that was not given, so it is
// refused when it is.
func ID(most int64) func(*Object, string, jsontext.Value) int64 {
	return func(o *Object, name string, raw jsontext.Value) int64 {
		n := Integer(o, name, raw)
		if n == 0 {
			o.Errors.Add(name, httpkit.IntegerReason(most))
		}
		return n
	}
}

// Texts returns a reader of arrays of strings. More than most entries are
// counted, not read.
func Texts(most int) func(*Object, string, jsontext.Value) []string {
	return func(o *Object, name string, raw jsontext.Value) []string {
		first, count := Entries(o, name, "strings", most, raw)
		texts := make([]string, count)
		for i, entry := range first {
			if o.Errors.Full() {
				break
			}
			texts[i] = Text(o, fmt.Sprintf("%s[%d]", name, i), entry)
		}
		return texts
	}
}

// Entries returns at most so many entries of an array, and how many there are.
func Entries(o *Object, name, what string, most int, raw jsontext.Value) (first []jsontext.Value, count int) {
	if kind := KindOf(raw); kind != "an array" {
		o.Errors.Add(name, "must be an array of "+what+", not "+kind)
		return nil, 0
	}
	d := newDecoder(raw)
	_ = d.inside(func(i int) error { // it was parsed before
		entry, err := d.value()
		if count++; i < most {
			first = append(first, entry)
		}
		return err
	})
	return first, count
}

// Nested returns a reader of objects within an object, of which read takes the fields. It
// returns the zero value for what is no object.
func Nested[T any](read func(*Object) *T) func(*Object, string, jsontext.Value) *T {
	return func(o *Object, name string, raw jsontext.Value) *T {
		if kind := KindOf(raw); kind != "an object" {
			o.Errors.Add(name, "must be an object, not "+kind)
			return new(T)
		}
		inner, err := ReadObject(raw)
		if err != nil { // it was read before as a part of the body
			o.Errors.Add(name, "must be an object")
			return new(T)
		}
		v := read(inner)
		inner.RefuseRest(nil)
		o.Errors.AddAll(name+".", inner.Errors)
		return v
	}
}

// Pairs returns the members of an object whose names a client makes up, each value
// as read reads it. More than most are an error, and not read.
func Pairs[T any](
	o *Object, name string, most int, read func(*Object, string, jsontext.Value) T, raw jsontext.Value,
) map[string]T {
	if kind := KindOf(raw); kind != "an object" {
		o.Errors.Add(name, "must be an object, not "+kind)
		return nil
	}
	pairs, count := make(map[string]T), 0
	var bad fault.FieldErrors
	d := newDecoder(raw)
	_ = d.inside(func(int) error { // it was parsed before
		quoted, err := d.value()
		if err != nil {
			return err
		}
		value, err := d.value()
		if count++; err != nil || count > most {
			return err
		}
		text, half := jsontext.AppendUnquote(nil, quoted)
		key, inner := string(text), Object{}
		_, twice := pairs[key]
		switch {
		case half != nil:
			inner.Errors.Add(key, "has a key that must be valid UTF-8: it has half of a surrogate pair")
		case twice:
			inner.Errors.Add(key, "must be given only once")
		default:
			pairs[key] = read(&inner, key, value)
		}
		for _, e := range inner.Errors {
			bad.AddAt(fault.Member(key), key, e.Reason)
		}
		return nil
	})
	if count > most {
		o.Errors.Add(name, fmt.Sprintf("must have at most %d pairs, has %d", most, count))
	}
	o.Errors.AddAll(name+".", bad)
	return pairs
}

// Bool reads a boolean.
func Bool(o *Object, name string, raw jsontext.Value) bool {
	if kind := KindOf(raw); kind != "a boolean" {
		o.Errors.Add(name, "must be true or false, not "+kind)
		return false
	}
	return string(raw) == "true"
}

// Time reads a time.
func Time(o *Object, name string, raw jsontext.Value) time.Time {
	t, ok := httpkit.ParseTime(Text(o, name, raw))
	if !ok {
		o.Errors.Add(name, httpkit.TimeReason)
		return time.Time{}
	}
	return t
}

// KindOf names the JSON type of a valid value, as errors spell it.
func KindOf(raw jsontext.Value) string {
	switch raw.Kind() {
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
