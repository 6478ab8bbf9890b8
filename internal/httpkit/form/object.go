package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

const maxFields = 1000

// Object is a JSON object taken apart, and the errors found in it so far.
type Object struct {
	fields map[string]json.RawMessage
	names  []string // of fields, in the order of the source
	// Errors are what is wrong so far; rules add theirs.
	Errors fault.FieldErrors
}

// ReadObject parses a body. One that is not JSON in UTF-8 is refused with 400;
// one that is JSON but no object, or has too many fields, is fault.Invalid.
//
// A byte order mark before it, which many programs write, may be ignored by RFC
// 8259 section 8.1, and is.
func ReadObject(body []byte) (*Object, error) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if err := checkJSON(body); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, fault.InvalidField("body", "must be a JSON object")
	}
	o := &Object{fields: make(map[string]json.RawMessage)}
	for read := 0; d.More(); read++ {
		if read == maxFields { // each costs many times its bytes
			return nil, fault.InvalidField("body", fmt.Sprintf("must have at most %d fields", maxFields))
		}
		token, err := d.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil || !isName {
			return nil, httpkit.Refuse(http.StatusBadRequest, "the body is not valid JSON")
		}
		if _, twice := o.fields[name]; twice {
			o.Errors.Add(name, "must be given only once")
			continue
		}
		o.fields[name] = value
		o.names = append(o.names, name)
	}
	return o, nil
}

// checkJSON refuses a body that is not one JSON value in UTF-8, and says where
// it stops being one.
func checkJSON(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return httpkit.Refuse(http.StatusBadRequest, "the body is empty; it must be a JSON object")
	}
	if at := invalidUTF8(body); at >= 0 {
		line, column := position(body, at)
		return httpkit.Refuse(http.StatusBadRequest, "the body is not valid UTF-8 at line %d, column %d", line, column)
	}
	var value json.RawMessage
	err := json.Unmarshal(body, &value)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line, column := position(body, max(int(syntax.Offset)-1, 0))
		return httpkit.Refuse(http.StatusBadRequest, "the body is not valid JSON at line %d, column %d: %s", line, column, syntax.Error())
	}
	if err != nil {
		return httpkit.Refuse(http.StatusBadRequest, "the body is not valid JSON")
	}
	return nil
}

func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// position counts lines and columns (in bytes) from 1.
func position(b []byte, at int) (line, column int) {
	before := b[:min(at, len(b))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// take removes a field; null counts as a value. What is never taken is unknown.
func (o *Object) take(name string) (value json.RawMessage, given bool) {
	value, given = o.fields[name]
	delete(o.fields, name)
	return value, given
}

// Has reports whether the field is there and not null.
func (o *Object) Has(name string) bool {
	raw, given := o.fields[name]
	return given && !IsNull(raw)
}

// RefuseRest adds an error for each field that was never taken, with the reason
// given for those that are known to be refused.
func (o *Object) RefuseRest(refused map[string]string) {
	for _, name := range o.names {
		if _, left := o.fields[name]; !left {
			continue
		}
		reason, known := refused[name]
		if !known {
			reason = "is not a known field"
		}
		o.Errors.Add(name, reason)
	}
}
