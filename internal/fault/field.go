package fault

import "slices"

const (
	// MaxFieldErrors is the most that FieldErrors keeps: more help no one.
	MaxFieldErrors = 100
	// maxNameRunes is where a name is cut: a client may make up a field of any
	// length.
	maxNameRunes = 64
)

// Field is one thing wrong with a request: where, and why.
type Field struct {
	Name   string // the field's name as the client wrote it, e.g. product_images[2]
	Reason string // a sentence fragment that fits after the name: "must not be empty"
	Where  Where  // the zero value: in the body, at the path that the name spells
}

// FieldErrors collects what is wrong with the fields of a request, so that a
// client learns of all of it at once: what is malformed first, then what breaks
// a rule. A field has one error, its first. The zero value is empty.
type FieldErrors []Field

// Add notes what is wrong with the field, unless the reason is "" or the field
// has an error already.
func (f *FieldErrors) Add(name, reason string) { f.AddAt(Where{}, name, reason) }

// AddAt is Add for a field whose name does not say where it is.
func (f *FieldErrors) AddAt(where Where, name, reason string) {
	if reason == "" || f.Full() {
		return
	}
	if name = cut(name); f.Has(name) {
		return
	}
	*f = append(*f, Field{Name: name, Reason: reason, Where: where})
}

func cut(name string) string {
	if len(name) <= maxNameRunes {
		return name
	}
	if runes := []rune(name); len(runes) > maxNameRunes {
		return string(runes[:maxNameRunes]) + "…"
	}
	return name
}

// AddAll adds the errors of fields that lie inside another; prefix stands before
// their names.
func (f *FieldErrors) AddAll(prefix string, inner FieldErrors) {
	for _, field := range inner {
		f.AddAt(field.Where.inside(prefix), prefix+field.Name, field.Reason)
	}
}

// Has reports whether the field has an error.
func (f FieldErrors) Has(name string) bool {
	return slices.ContainsFunc(f, func(known Field) bool { return known.Name == name })
}

// Full reports whether no more errors are kept.
func (f FieldErrors) Full() bool { return len(f) >= MaxFieldErrors }

// Err returns an Invalid error for the fields, nil where nothing is wrong.
func (f FieldErrors) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the request has invalid fields", Fields: f}
}

// InvalidField is the Err of one field.
func InvalidField(name, reason string) error {
	return FieldErrors{{Name: name, Reason: reason}}.Err()
}

// InvalidParameter is the Err of one Parameter.
func InvalidParameter(name, reason string) error {
	return FieldErrors{{Name: name, Reason: reason, Where: Parameter()}}.Err()
}
