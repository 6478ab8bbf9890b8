package form

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/fault"
)

const maxFields = 1000

// Object is a parsed JSON object, and the errors found in it so far.
type Object struct {
	fields map[string]jsontext.Value
	names  []string // of fields, in the order of the source
	// Errors are what is wrong so far; rules add theirs.
	Errors fault.FieldErrors
}

// ReadObject parses a body. One that is not JSON in UTF-8 is refused with 400;
// one that is JSON but no object, or has too many fields, is fault.Invalid.
func ReadObject(body []byte) (*Object, error) {
	d, err := newDocument(body)
	if err != nil {
		return nil, err
	}
	o := &Object{fields: make(map[string]jsontext.Value)}
	isObject, count := d.PeekKind() == '{', 0
	if isObject {
		count, err = o.read(d)
	}
	if !isObject || err != nil {
		d = newDecoder(d.text) // what is wrong with a value is clearer than with its parts
		_, err = d.value()
	}
	switch err = d.end(err); {
	case err != nil:
		return nil, err
	case !isObject:
		return nil, fault.InvalidField(fault.FieldBody, "must be a JSON object")
	case count > maxFields:
		return nil, fault.InvalidField(fault.FieldBody, fmt.Sprintf("must have at most %d fields", maxFields))
	}
	return o, nil
}

// read reads the fields, keeps maxFields of them, and returns how many there are.
func (o *Object) read(d *decoder) (count int, err error) {
	err = d.inside(func(int) error {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		value, err := d.value()
		if count++; err == nil && count <= maxFields { // each costs many times its bytes
			o.add(name, value)
		}
		return err
	})
	return count, err
}

func (o *Object) add(name string, value jsontext.Value) {
	if _, twice := o.fields[name]; twice {
		o.Errors.AddAt(fault.Member(name), name, "must be given only once")
		return
	}
	o.fields[name] = value
	o.names = append(o.names, name)
}

// take removes a field; null counts as a value. What is never taken is unknown.
func (o *Object) take(name string) (value jsontext.Value, given bool) {
	value, given = o.fields[name]
	delete(o.fields, name)
	return value, given
}

// Has reports whether the field is there and not null.
func (o *Object) Has(name string) bool {
	raw, given := o.fields[name]
	return given && !isNull(raw)
}

// Unknown is why a field is refused that means nothing.
const Unknown = "is not a known field"

// RefuseRest adds an error for each field that was never taken, with the reason
// given for those that are known to be refused.
func (o *Object) RefuseRest(refused map[string]string) {
	for _, name := range o.names {
		if _, left := o.fields[name]; !left {
			continue
		}
		reason, known := refused[name]
		if !known {
			reason = Unknown
		}
		o.Errors.AddAt(fault.Member(name), name, reason)
	}
}

func isNull(raw jsontext.Value) bool { return raw.Kind() == 'n' }
