//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"context"
	"fmt"
	"runtime"
	"unsafe"
)

// image is one reference to a VipsImage.
type image struct {
	lib *library
	obj *gobject
}

func (im *image) close() {
	if im != nil && im.obj != nil {
		im.lib.GUnref(im.obj)
		im.obj = nil
	}
}

// ref returns another reference, to be closed by itself.
func (im *image) ref() *image { return &image{lib: im.lib, obj: im.lib.GRef(im.obj)} }

func (im *image) width() int          { return int(im.lib.Width(im.obj)) }
func (im *image) height() int         { return int(im.lib.Height(im.obj)) }
func (im *image) bands() int          { return int(im.lib.Bands(im.obj)) }
func (im *image) format() int         { return int(im.lib.Format(im.obj)) }
func (im *image) interpretation() int { return int(im.lib.Interpretation(im.obj)) }
func (im *image) hasAlpha() bool      { return im.lib.HasAlpha(im.obj) != 0 }
func (im *image) has(meta string) bool {
	return im.lib.MetaType(im.obj, meta) != 0
}

// fromRGBA makes an image of a copy of the pixels, four bytes each that are not
// premultiplied, in the colours of the profile.
func (l *library) fromRGBA(pix []byte, width, height int, profile []byte) (*image, error) {
	return l.fromPixels(pix, width, height, 4, profile)
}

// fromPixels makes an image of a copy of the pixels, so many bytes each, which are RGB in the colours of the profile.
func (l *library) fromPixels(pix []byte, width, height, bands int, profile []byte) (*image, error) {
	//nolint:gosec // dimensions are limited
	obj := l.FromMemoryCopy(unsafe.SliceData(pix), uintptr(len(pix)), int32(width), int32(height), int32(bands), formatByte)
	if obj == nil {
		return nil, l.failure("new_from_memory_copy")
	}
	raw := &image{lib: l, obj: obj}
	defer raw.close()
	im, err := l.do("copy").set("in", raw).set("interpretation", spaceSRGB).image()
	if err == nil && len(profile) > 0 {
		l.SetMetaBlob(im.obj, metaProfile, unsafe.SliceData(profile), uintptr(len(profile))) //nolint:gosec // copied
	}
	return im, err
}

// adopt makes an image of pixels in memory of TryMalloc, three bytes each, which are RGB in the colours of the profile. The
// memory is the image's, and freed with it. Where adopt fails it has freed the memory.
func (l *library) adopt(pix *byte, width, height int, profile []byte) (*image, error) {
	obj := l.FromMemory(pix, uintptr(width*height*rgb), int32(width), int32(height), rgb, formatByte) //nolint:gosec // dimensions are limited
	if obj == nil {
		l.GFree(pix)
		return nil, l.failure("new_from_memory")
	}
	const swapped = 2 // G_CONNECT_SWAPPED: the data is the first argument
	l.Connect(obj, "postclose", l.free, pix, 0, swapped)
	im := &image{lib: l, obj: obj}
	var v gvalue
	l.ValueInit(&v, l.FindProperty(obj.class, "interpretation").valueType)
	l.ValueSetEnum(&v, spaceSRGB)
	l.SetProperty(obj, "interpretation", &v)
	l.ValueUnset(&v)
	if len(profile) > 0 {
		im.assign(profile)
	}
	return im, nil
}

// materialise computes the image into memory. A ctx that is done stops the
// computation where libvips works row by row.
func (im *image) materialise(ctx context.Context) (*image, error) {
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		im.lib.SetKill(im.obj, 1)
		close(killed)
	})
	obj := im.lib.CopyMemory(im.obj)
	if !stop() {
		<-killed // it must not touch an image that is closed
	}
	if obj == nil {
		err := im.lib.failure("decode")
		if ctx.Err() != nil {
			return nil, fmt.Errorf("decode: %w", context.Cause(ctx))
		}
		return nil, err
	}
	return &image{lib: im.lib, obj: obj}, nil
}

// forget removes the metadata that an encoder would write, from an image that
// no one else looks at.
func (im *image) forget() {
	for _, name := range []string{"exif-data", "xmp-data", "iptc-data", metaProfile, "orientation"} {
		im.lib.RemoveMeta(im.obj, name)
	}
}

// assign gives a profile, or none, to an image that no one else looks at.
func (im *image) assign(profile []byte) {
	if len(profile) == 0 {
		im.lib.RemoveMeta(im.obj, metaProfile)
		return
	}
	im.lib.SetMetaBlob(im.obj, metaProfile, &profile[0], uintptr(len(profile)))
}

// ints returns a copy of metadata that is an array of integers.
func (im *image) ints(name string) []int32 {
	var p *int32
	var n int32
	if !im.has(name) || im.lib.MetaInts(im.obj, name, &p, &n) != 0 || p == nil {
		return nil
	}
	return append([]int32(nil), unsafe.Slice(p, n)...) //nolint:gosec // libvips gives pointer and length together
}

// profile returns a copy of the colour profile, nil where there is none.
func (im *image) profile() []byte {
	var p *byte
	var n uintptr
	if !im.has(metaProfile) || im.lib.MetaBlob(im.obj, metaProfile, &p, &n) != 0 || p == nil {
		return nil
	}
	return append([]byte(nil), unsafe.Slice(p, n)...) //nolint:gosec // libvips gives pointer and length together
}

// int returns metadata that is an integer, 0 where there is none.
func (im *image) int(name string) int32 {
	var v int32
	if !im.has(name) || im.lib.MetaInt(im.obj, name, &v) != 0 {
		return 0
	}
	return v
}

// blob is Go memory that libvips reads. It must outlive every image that reads it
// and be released.
type blob struct {
	lib *library
	mem *area
	pin runtime.Pinner
}

func (l *library) lend(body []byte) *blob {
	b := &blob{lib: l}
	first := unsafe.SliceData(body) //nolint:gosec // pinned and released with the blob
	b.pin.Pin(first)
	b.mem = l.BlobNew(0, first, uintptr(len(body)))
	return b
}

func (b *blob) release() {
	b.lib.AreaUnref(b.mem)
	b.pin.Unpin()
}
