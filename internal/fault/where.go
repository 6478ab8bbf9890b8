package fault

import (
	"strings"
	"unicode/utf8"
)

// FieldBody is the name of the whole body where that is at fault.
const FieldBody = "body"

// Where says where a field is. The zero value: in the body, at the path that its
// name spells, as product_images[2] and filter.host do.
type Where struct {
	place   place
	pointer string // with inMember: of the member
}

type place uint8

const (
	asNamed place = iota
	inMember
	inParameters
)

// Parameter is in the query, the path or the header of a request.
func Parameter() Where { return Where{place: inParameters} }

// Member is a member of the body with a name that a client made up: dots and
// brackets in it separate nothing. Where the name is too long to be repeated,
// it is the object that holds the member.
func Member(name string) Where {
	if utf8.RuneCountInString(name) > maxNameRunes {
		return Where{place: inMember}
	}
	return Where{inMember, "/" + escape(name)}
}

// inside is where a member is that lies inside another one, whose name is the prefix
// with a dot.
func (w Where) inside(prefix string) Where {
	if w.place == inMember {
		w.pointer = spelled(strings.TrimSuffix(prefix, ".")) + w.pointer
	}
	return w
}

// IsParameter reports whether the field is a Parameter.
func (f Field) IsParameter() bool { return f.Where.place == inParameters }

// Pointer is the JSON Pointer (RFC 6901) of a field of the body: the place where it
// is, or should be; "" for the whole body.
func (f Field) Pointer() string {
	switch {
	case f.Where.place == inMember:
		return f.Where.pointer
	case f.Name == FieldBody:
		return ""
	default:
		return spelled(f.Name)
	}
}

// spelled is the pointer that a name of ours spells.
func spelled(name string) string {
	return "/" + strings.NewReplacer("[", "/", "]", "", ".", "/").Replace(escape(name))
}

// escape writes a name as a token of a pointer (RFC 6901 section 3).
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
