package form

import (
	"encoding/json"
	"maps"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/fault"
)

// maxSpelling is how many times longer than the server's a client's spelling of the
// same value may be, with its blanks and escapes.
const maxSpelling = 8

// Kept are the fields of a body that no request changes, as they were sent.
type Kept struct {
	reasons map[string]string
	names   []string // in the order of the source
	sent    map[string]jsontext.Value
}

// TakeKept takes the fields that no request changes, each with the reason for which another
// value than the present one is refused.
func TakeKept(o *Object, reasons map[string]string) Kept {
	k := Kept{reasons: reasons, sent: make(map[string]jsontext.Value)}
	for _, name := range o.names {
		if _, kept := reasons[name]; kept {
			k.names = append(k.names, name)
			k.sent[name], _ = o.take(name)
		}
	}
	return k
}

// Any reports whether any was sent.
func (k Kept) Any() bool { return len(k.names) > 0 }

// Sent returns the value of a field as it was sent; it is empty where it was not.
func (k Kept) Sent(name string) jsontext.Value { return k.sent[name] }

// Differing returns the fields of another value than in current, the JSON of what is there now,
// but those of which skip is true.
func (k Kept) Differing(current []byte, skip func(name string) bool) fault.FieldErrors {
	var errs fault.FieldErrors
	now, err := ReadObject(current)
	for _, name := range k.names {
		if !skip(name) && (err != nil || !sameValue(k.sent[name], now.fields[name])) {
			errs.AddAt(fault.Member(name), name, k.reasons[name])
		}
	}
	return errs
}

// sameValue reports whether two valid values are one, however they are spelled. What is not
// there, which is an empty b, or a member of an object, is null: many clients write what they have no
// value of.
func sameValue(a, b jsontext.Value) bool {
	if len(b) == 0 {
		return isNull(a)
	}
	if len(a) > maxSpelling*len(b) {
		return false
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(withoutNulls(x), withoutNulls(y))
}

// withoutNulls removes the members of objects that are null, at any depth.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, member any) bool { return withoutNulls(member) == nil })
	case []any:
		for _, entry := range v {
			withoutNulls(entry)
		}
	}
	return v
}
