package form

import "github.com/go-json-experiment/json/jsontext"

// entriesOf returns the first entries of a valid array, at most so many, and how
// many there are.
func entriesOf(raw jsontext.Value, most int) (first []jsontext.Value, count int) {
	_ = inside(raw, func(d *decoder, i int) error { // it was parsed before
		entry, err := d.value()
		if count++; i < most {
			first = append(first, entry)
		}
		return err
	})
	return first, count
}

func isNull(raw jsontext.Value) bool { return raw.Kind() == 'n' }

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
