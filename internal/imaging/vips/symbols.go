//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"fmt"
	"reflect"

	"github.com/ebitengine/purego"
)

// Every pointer to C memory has a type of its own, so that they cannot be
// mistaken for one another. Go never looks into them but for gobject and
// paramSpec, whose first fields are part of GLib's binary interface.
type (
	gobject struct{ class *gclass }
	gclass  struct{ _ uintptr }
	area    struct{ _ uintptr } // VipsArea and the boxed types that begin with it
	// paramSpec is the beginning of GParamSpec.
	paramSpec struct {
		_         uintptr // class
		_         uintptr // name
		_         uint32  // flags, padded
		valueType uintptr
	}
	// gvalue is GValue: a type and twice 64 bits.
	gvalue struct {
		_ uintptr // type
		_ [2]uint64
	}
)

// symbols are the C functions in use. The tag is a function's name.
type symbols struct {
	Init           func(name string) int32                                                                   `c:"vips_init"`
	Version        func(part int32) int32                                                                    `c:"vips_version"`
	BlockUntrusted func(on int32)                                                                            `c:"vips_block_untrusted_set"`
	SetConcurrency func(threads int32)                                                                       `c:"vips_concurrency_set"`
	SetCacheMax    func(operations int32)                                                                    `c:"vips_cache_set_max"`
	ErrorCopy      func() *byte                                                                              `c:"vips_error_buffer_copy"`
	TypeFind       func(base, nick string) uintptr                                                           `c:"vips_type_find"`
	TrackedMemory  func() uintptr                                                                            `c:"vips_tracked_get_mem"`
	TrackedAllocs  func() int32                                                                              `c:"vips_tracked_get_allocs"`
	OperationNew   func(name string) *gobject                                                                `c:"vips_operation_new"`
	OperationBuild func(op **gobject) int32                                                                  `c:"vips_cache_operation_buildp"`
	UnrefOutputs   func(op *gobject)                                                                         `c:"vips_object_unref_outputs"`
	BlobNew        func(free uintptr, data *byte, n uintptr) *area                                           `c:"vips_blob_new"`
	BlobGet        func(b *area, n *uintptr) *byte                                                           `c:"vips_blob_get"`
	BlobType       func() uintptr                                                                            `c:"vips_blob_get_type"`
	AreaUnref      func(a *area)                                                                             `c:"vips_area_unref"`
	ArrayImageNew  func(images **gobject, n int32) *area                                                     `c:"vips_array_image_new"`
	ArrayRealNew   func(values *float64, n int32) *area                                                      `c:"vips_array_double_new"`
	ArrayImageType func() uintptr                                                                            `c:"vips_array_image_get_type"`
	CopyMemory     func(im *gobject) *gobject                                                                `c:"vips_image_copy_memory"`
	FromMemoryCopy func(pix *byte, n uintptr, w, h, bands, format int32) *gobject                            `c:"vips_image_new_from_memory_copy"`
	FromMemory     func(pix *byte, n uintptr, w, h, bands, format int32) *gobject                            `c:"vips_image_new_from_memory"`
	Data           func(im *gobject) *byte                                                                   `c:"vips_image_get_data"`
	Width          func(im *gobject) int32                                                                   `c:"vips_image_get_width"`
	Height         func(im *gobject) int32                                                                   `c:"vips_image_get_height"`
	Bands          func(im *gobject) int32                                                                   `c:"vips_image_get_bands"`
	Format         func(im *gobject) int32                                                                   `c:"vips_image_get_format"`
	Interpretation func(im *gobject) int32                                                                   `c:"vips_image_get_interpretation"`
	Pages          func(im *gobject) int32                                                                   `c:"vips_image_get_n_pages"`
	HasAlpha       func(im *gobject) int32                                                                   `c:"vips_image_hasalpha"`
	MetaType       func(im *gobject, name string) uintptr                                                    `c:"vips_image_get_typeof"`
	MetaInt        func(im *gobject, name string, v *int32) int32                                            `c:"vips_image_get_int"`
	MetaInts       func(im *gobject, name string, v **int32, n *int32) int32                                 `c:"vips_image_get_array_int"`
	SetMetaInt     func(im *gobject, name string, v int32)                                                   `c:"vips_image_set_int"`
	SetMetaInts    func(im *gobject, name string, v *int32, n int32)                                         `c:"vips_image_set_array_int"`
	MetaBlob       func(im *gobject, name string, data **byte, n *uintptr) int32                             `c:"vips_image_get_blob"`
	SetMetaBlob    func(im *gobject, name string, data *byte, n uintptr)                                     `c:"vips_image_set_blob_copy"`
	RemoveMeta     func(im *gobject, name string) int32                                                      `c:"vips_image_remove"`
	SetKill        func(im *gobject, kill int32)                                                             `c:"vips_image_set_kill"`
	TryMalloc      func(n uintptr) *byte                                                                     `c:"g_try_malloc"`
	GFree          func(p *byte)                                                                             `c:"g_free"`
	GSetenv        func(name, value string, overwrite int32) int32                                           `c:"g_setenv"`
	Connect        func(o *gobject, signal string, call uintptr, data *byte, _ uintptr, flags int32) uintptr `c:"g_signal_connect_data"`
	GUnref         func(o *gobject)                                                                          `c:"g_object_unref"`
	GRef           func(o *gobject) *gobject                                                                 `c:"g_object_ref"`
	FindProperty   func(c *gclass, name string) *paramSpec                                                   `c:"g_object_class_find_property"`
	SetProperty    func(o *gobject, name string, v *gvalue)                                                  `c:"g_object_set_property"`
	GetProperty    func(o *gobject, name string, v *gvalue)                                                  `c:"g_object_get_property"`
	Fundamental    func(kind uintptr) uintptr                                                                `c:"g_type_fundamental"`
	ValueInit      func(v *gvalue, kind uintptr) *gvalue                                                     `c:"g_value_init"`
	ValueUnset     func(v *gvalue)                                                                           `c:"g_value_unset"`
	ValueSetBool   func(v *gvalue, b int32)                                                                  `c:"g_value_set_boolean"`
	ValueSetInt    func(v *gvalue, i int32)                                                                  `c:"g_value_set_int"`
	ValueSetEnum   func(v *gvalue, i int32)                                                                  `c:"g_value_set_enum"`
	ValueSetFlags  func(v *gvalue, i uint32)                                                                 `c:"g_value_set_flags"`
	ValueSetDouble func(v *gvalue, f float64)                                                                `c:"g_value_set_double"`
	ValueGetDouble func(v *gvalue) float64                                                                   `c:"g_value_get_double"`
	ValueSetString func(v *gvalue, s string)                                                                 `c:"g_value_set_string"`
	ValueSetObject func(v *gvalue, o *gobject)                                                               `c:"g_value_set_object"`
	ValueGetObject func(v *gvalue) *gobject                                                                  `c:"g_value_get_object"`
	ValueSetBoxed  func(v *gvalue, a *area)                                                                  `c:"g_value_set_boxed"`
	ValueGetBoxed  func(v *gvalue) *area                                                                     `c:"g_value_get_boxed"`
}

// bind looks up every symbol in the library and in those that it needs.
func bind(handle uintptr) (*symbols, error) {
	s := new(symbols)
	fields := reflect.ValueOf(s).Elem()
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Tag.Get("c")
		address, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", name, err)
		}
		purego.RegisterFunc(fields.Field(i).Addr().Interface(), address)
	}
	return s, nil
}
