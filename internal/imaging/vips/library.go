//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is libvips as it is loaded into this process.
type library struct {
	*symbols

	version  [3]int
	free     uintptr     // the address of GFree
	slowRows bool        // reduceh computes each sample by itself
	errs     *sync.Mutex // taken to read the error buffer, which is the process's
}

// loaded is the one libvips of this process: the library keeps its state in
// globals of its own, must be initialised once, and cannot be unloaded.
//
//nolint:gochecknoglobals // mirrors a global of the C library
var loaded struct {
	sync.Mutex

	lib *library
}

// errTooOld says that the library found lacks what is used here.
var errTooOld = errors.New("libvips 8.10 or newer is needed")

// open returns the process's libvips, which the first call loads from path or,
// where that is empty, from the usual places.
func open(path string) (*library, error) {
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.lib != nil {
		return loaded.lib, nil
	}
	lib, err := load(path)
	if err != nil {
		return nil, err
	}
	loaded.lib = lib
	return lib, nil
}

func load(path string) (*library, error) {
	names := usualNames()
	if path != "" {
		names = []string{path}
	}
	var failures []error
	for _, name := range names {
		handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		lib, err := start(handle)
		if err != nil {
			return nil, fmt.Errorf("open libvips %s: %w", name, err)
		}
		return lib, nil
	}
	return nil, fmt.Errorf("open libvips: %w", errors.Join(failures...))
}

func usualNames() []string {
	if runtime.GOOS == "darwin" {
		return []string{
			"/opt/homebrew/lib/libvips.42.dylib", "/usr/local/lib/libvips.42.dylib", "libvips.42.dylib", "libvips.dylib",
		}
	}
	return []string{"libvips.so.42", "/usr/local/lib/libvips.so.42", "libvips.so"}
}

// start initialises the library for untrusted pictures and for many images at
// once with one thread each, which outruns many threads on one image.
func start(handle uintptr) (*library, error) {
	tuneMalloc(handle)
	s, err := bind(handle)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTooOld, err)
	}
	// What libvips would print as a warning is an error here (fail_on).
	s.GSetenv("VIPS_WARNING", "0", 0)
	free, err := purego.Dlsym(handle, "g_free")
	if err != nil {
		return nil, fmt.Errorf("look up g_free: %w", err)
	}
	lib := &library{symbols: s, free: free, errs: new(sync.Mutex)}
	if s.Init("vitrine") != 0 {
		return nil, lib.failure("vips_init")
	}
	for i := range lib.version {
		lib.version[i] = int(s.Version(int32(i)))
	}
	if lib.version[0] != 8 || lib.version[1] < 10 {
		return nil, fmt.Errorf("%w, found %d.%d.%d", errTooOld, lib.version[0], lib.version[1], lib.version[2])
	}
	lib.slowRows = lib.version[1] < 15
	s.SetConcurrency(1)
	s.SetCacheMax(0)
	s.BlockUntrusted(1)
	return lib, nil
}

// tuneMalloc has glibc's malloc give back what a picture has taken: render processes are many, and wait most of the time. It
// keeps to one arena, as a second one only holds memory of its own. By itself it would give back nothing below the largest buffer
// that there ever was; what is free at the end of the heap beyond trimAbove goes back, but no single buffer, each of whose
// pages the kernel would have to clear for every picture. That is half of the memory, for two hundredths of the CPU. Other C libraries
// have no such function. https://man7.org/linux/man-pages/man3/mallopt.3.html
func tuneMalloc(handle uintptr) {
	const (
		trimThreshold, mmapThreshold, arenaMax = -1, -3, -8
		trimAbove                              = 8 << 20  // bytes
		mapAbove                               = 32 << 20 // the most that it allows
	)
	address, err := purego.Dlsym(handle, "mallopt")
	if err != nil || runtime.GOOS != "linux" {
		return
	}
	var mallopt func(parameter, value int32) int32
	purego.RegisterFunc(&mallopt, address)
	mallopt(arenaMax, 1)
	mallopt(mmapThreshold, mapAbove)
	mallopt(trimThreshold, trimAbove)
}

// failure takes what the library says about the last failed call. The buffer
// is shared by all threads, so the text may speak of another image too: it is
// for the log and never for a client.
func (l *library) failure(operation string) error {
	l.errs.Lock()
	defer l.errs.Unlock()
	text := l.ErrorCopy()
	if text == nil {
		return &callError{operation: operation}
	}
	defer l.GFree(text)
	return &callError{operation: operation, text: cString(text)}
}

// callError is a failed call into libvips.
type callError struct {
	operation string
	text      string // as libvips put it, perhaps with text about another image
}

func (e *callError) Error() string {
	if e.text == "" {
		return e.operation + " failed"
	}
	return fmt.Sprintf("%s failed: %q", e.operation, e.text)
}

// cString copies at most 1 KiB of a C string.
func cString(p *byte) string {
	const limit = 1 << 10
	n := 0
	for n < limit && *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 { //nolint:gosec // up to the terminator of a C string
		n++
	}
	return string(unsafe.Slice(p, n)) //nolint:gosec // n bytes were just read
}
