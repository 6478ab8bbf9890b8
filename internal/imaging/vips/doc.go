// Package vips is the imaging engine on libvips. The library is opened at run
// time, so that one binary built without cgo uses whichever libvips is
// installed (8.10 or newer). The binding is as small as it can be: operations
// are built by name and take and give their arguments as GObject properties,
// so no C function with a variable number of arguments is called, and one code
// is right on every architecture.
//
// Ownership: an image holds one reference and gives it back in close. C memory
// is copied into Go memory at once. Go memory that libvips reads is pinned for
// as long as an image that reads it exists.
package vips
