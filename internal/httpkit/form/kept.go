package form

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/fault"
)

// maxSpelling is how many times longer than the server's a client's spelling of the
// same value may be, with its blanks and escapes.
const maxSpelling = 8

// Kept takes the fields that no request changes, each with the reason for which another
// value than the present one is refused. It returns what finds those of another value than
// in current, the JSON of what is there now; nil where none of the fields was given.
func Kept(o *Object, reasons map[string]string) func(current []byte) fault.FieldErrors {
	type field struct {
		name string
		sent jsontext.Value
	}
	var fields []field
	for _, name := range o.names {
		if _, kept := reasons[name]; kept {
			sent, _ := o.take(name)
			fields = append(fields, field{name, sent})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return func(current []byte) fault.FieldErrors {
		var errs fault.FieldErrors
		now, err := ReadObject(current)
		for _, f := range fields {
			if err != nil || !sameValue(f.sent, now.fields[f.name]) {
				errs.AddAt(fault.Member(f.name), f.name, reasons[f.name])
			}
		}
		return errs
	}
}

// sameValue reports whether two valid values are one, however they are spelled.
func sameValue(a, b jsontext.Value) bool {
	if len(b) == 0 || len(a) > maxSpelling*len(b) {
		return false
	}
	a, b = a.Clone(), b.Clone()
	return a.Canonicalize() == nil && b.Canonicalize() == nil && bytes.Equal(a, b)
}
