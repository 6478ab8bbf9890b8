//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"fmt"
	"unsafe"
)

// Fundamental types of GObject.
const (
	kindBool   = 5 << 2
	kindInt    = 6 << 2
	kindEnum   = 12 << 2
	kindFlags  = 13 << 2
	kindDouble = 15 << 2
	kindString = 16 << 2
	kindBoxed  = 18 << 2
	kindObject = 20 << 2
)

// operation is a libvips operation that is being prepared. The first error is
// kept and returned when the operation is run, which also frees it.
type operation struct {
	lib  *library
	name string
	obj  *gobject
	err  error
}

// do prepares the operation with the name.
func (l *library) do(name string) *operation {
	o := &operation{lib: l, name: name, obj: l.OperationNew(name)}
	if o.obj == nil {
		o.err = l.failure(name)
	}
	return o
}

// set gives an argument: an int (also for enums and flags), float64, bool,
// string, *image or *area.
func (o *operation) set(name string, value any) *operation {
	if o.err != nil {
		return o
	}
	spec := o.lib.FindProperty(o.obj.class, name)
	if spec == nil {
		o.err = fmt.Errorf("%s has no argument %s", o.name, name)
		return o
	}
	var v gvalue
	o.lib.ValueInit(&v, spec.valueType)
	defer o.lib.ValueUnset(&v)
	if !o.lib.assign(&v, o.lib.Fundamental(spec.valueType), value) {
		o.err = fmt.Errorf("%s: argument %s cannot be a %T", o.name, name, value)
		return o
	}
	o.lib.SetProperty(o.obj, name, &v)
	return o
}

// offer is set for an argument that not every version of libvips has.
func (o *operation) offer(name string, value any) *operation {
	if o.has(name) {
		return o.set(name, value)
	}
	return o
}

func (o *operation) has(name string) bool {
	return o.err == nil && o.lib.FindProperty(o.obj.class, name) != nil
}

// assign puts the value into v and reports whether it is of the kind.
func (l *library) assign(v *gvalue, kind uintptr, value any) bool {
	switch value := value.(type) {
	case int:
		return l.assignInt(v, kind, int32(value)) //nolint:gosec // arguments are sizes, qualities and enums
	case float64:
		if kind == kindDouble {
			l.ValueSetDouble(v, value)
		}
		return kind == kindDouble
	case bool:
		if kind == kindBool {
			l.ValueSetBool(v, cBool(value))
		}
		return kind == kindBool
	case string:
		if kind == kindString {
			l.ValueSetString(v, value)
		}
		return kind == kindString
	case *image:
		if kind == kindObject {
			l.ValueSetObject(v, value.obj)
		}
		return kind == kindObject
	case *area:
		if kind == kindBoxed {
			l.ValueSetBoxed(v, value)
		}
		return kind == kindBoxed
	default:
		return false
	}
}

func (l *library) assignInt(v *gvalue, kind uintptr, i int32) bool {
	switch kind {
	case kindInt:
		l.ValueSetInt(v, i)
	case kindEnum:
		l.ValueSetEnum(v, i)
	case kindFlags:
		l.ValueSetFlags(v, uint32(i)) //nolint:gosec // flags are small
	default:
		return false
	}
	return true
}

func cBool(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// build runs the operation. After an error it is freed.
func (o *operation) build() error {
	if o.err == nil && o.lib.OperationBuild(&o.obj) != 0 {
		o.err = o.lib.failure(o.name)
	}
	if o.err != nil {
		o.free()
	}
	return o.err
}

func (o *operation) free() {
	if o.obj != nil {
		o.lib.UnrefOutputs(o.obj)
		o.lib.GUnref(o.obj)
		o.obj = nil
	}
}

// get runs the operation and calls take with the value of its output.
func (o *operation) get(output string, take func(v *gvalue)) error {
	if err := o.build(); err != nil {
		return err
	}
	defer o.free()
	spec := o.lib.FindProperty(o.obj.class, output)
	if spec == nil {
		return fmt.Errorf("%s has no output %s", o.name, output)
	}
	var v gvalue
	o.lib.ValueInit(&v, spec.valueType)
	defer o.lib.ValueUnset(&v)
	o.lib.GetProperty(o.obj, output, &v)
	take(&v)
	return nil
}

// image runs the operation and returns its output image.
func (o *operation) image() (*image, error) {
	var im *image
	err := o.get("out", func(v *gvalue) {
		im = &image{lib: o.lib, obj: o.lib.GRef(o.lib.ValueGetObject(v))}
	})
	return im, err
}

// number runs the operation and returns its output number.
func (o *operation) number() (float64, error) {
	var f float64
	err := o.get("out", func(v *gvalue) { f = o.lib.ValueGetDouble(v) })
	return f, err
}

// bytes runs the operation and returns a copy of its output buffer.
func (o *operation) bytes() ([]byte, error) {
	var body []byte
	err := o.get("buffer", func(v *gvalue) {
		var n uintptr
		if p := o.lib.BlobGet(o.lib.ValueGetBoxed(v), &n); p != nil {
			body = append(body, unsafe.Slice(p, n)...) //nolint:gosec // libvips gives pointer and length together
		}
	})
	return body, err
}
