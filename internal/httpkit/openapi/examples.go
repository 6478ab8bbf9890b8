package openapi

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// moment is the example of a time that has no other.
const moment = "2026-11-02T09:30:00Z"

// AddExamples gives every object and list an example, made of those of its properties and
// entries, so that each value is written once: as the tag example of a field, or as Examples
// of a schema. Where a field has none, its default, the first of its enum, or its type decides.
// A field with the tag typical:"false" is left out of the example of its object: in one that
// has the others it would be absent. It is called once every operation was added.
func (d *Document) AddExamples() {
	for name, schema := range d.doc.Components.Schemas.Map() {
		absent := untypical(d.doc.Components.Schemas.TypeFromRef("#/components/schemas/" + name))
		if example := d.example(schema, absent); example != nil {
			schema.Examples = []any{example}
		}
	}
	for _, schema := range d.doc.Components.Schemas.Map() {
		for _, property := range schema.Properties {
			if property.Ref != "" { // OpenAPI has nothing but descriptions beside a reference
				property.Examples = nil
			}
		}
	}
	for _, item := range d.doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			if op.RequestBody != nil {
				d.addExamples(op.RequestBody.Content)
			}
			for _, response := range op.Responses {
				d.addExamples(response.Content)
			}
		}
	}
}

// addExamples is for bodies whose schemas have no name.
func (d *Document) addExamples(content map[string]*huma.MediaType) {
	for _, media := range content {
		if media.Schema == nil || media.Schema.Ref != "" || len(media.Schema.Examples) > 0 {
			continue
		}
		if example := d.example(media.Schema, nil); example != nil {
			media.Schema.Examples = []any{example}
		}
	}
}

// example returns a value of the schema, nil where none is given and none follows from it.
func (d *Document) example(s *huma.Schema, absent map[string]bool) any {
	if s.Ref != "" && len(s.Examples) == 0 {
		absent = untypical(d.doc.Components.Schemas.TypeFromRef(s.Ref))
		s = d.doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf) > 0:
		return d.example(s.OneOf[0], nil)
	case s.Format == "date-time":
		return moment
	case s.Type == huma.TypeBoolean:
		return false
	case s.Type == huma.TypeArray:
		if entry := d.example(s.Items, nil); entry != nil {
			return []any{entry}
		}
	case len(s.Properties) > 0:
		whole := make(map[string]any, len(s.Properties))
		for name, property := range s.Properties {
			if value := d.example(property, nil); value != nil && !absent[name] {
				whole[name] = value
			}
		}
		return whole
	}
	return nil
}

// untypical are the properties that the example of an object does without.
func untypical(t reflect.Type) map[string]bool {
	absent := make(map[string]bool)
	for _, field := range fieldsOf(t) {
		if field.Tag.Get("typical") == "false" {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			absent[name] = true
		}
	}
	return absent
}

func fieldsOf(t reflect.Type) []reflect.StructField {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	return reflect.VisibleFields(t)
}
