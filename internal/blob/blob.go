// Package blob is the port to the storage of published images. Keys are
// derived from content, so an object never changes once it is written.
// Adapters live in the packages below it and all pass blobtest.
package blob

import (
	"context"
	"io"
	"time"
)

// CacheControl is sent with every object: content under a key never changes.
const CacheControl = "public, max-age=31536000, immutable"

// Info describes a stored object.
type Info struct {
	Key         string
	Bytes       int64
	ContentType string
	Modified    time.Time
}

// Object is a stored object being read; Body must be closed.
type Object struct {
	Info
	Body io.ReadCloser
}

// Store keeps objects. Methods are safe for concurrent use. Errors are of kind
// fault.NotFound where an object is missing, fault.Invalid where a key is
// malformed (see CheckKey), fault.Unavailable where the storage cannot be
// reached.
type Store interface {
	// Put stores body under key with CacheControl, all of it or nothing.
	// Storing the same key again is harmless.
	Put(ctx context.Context, key, contentType string, body []byte) error
	// Open returns the object for reading.
	Open(ctx context.Context, key string) (Object, error)
	// Stat describes the object.
	Stat(ctx context.Context, key string) (Info, error)
	// Delete removes the object; a missing one is not an error.
	Delete(ctx context.Context, key string) error
	// List calls visit for every object whose key starts with prefix, in no
	// stated order, until visit returns an error, which it returns. Listed
	// infos need not carry a ContentType. fault.Invalid where no key can start
	// so (see CheckPrefix).
	List(ctx context.Context, prefix string, visit func(Info) error) error
	// Ping reports whether the storage answers. It stores nothing; see Probe.
	Ping(ctx context.Context) error
	// URL is where the public reads the object.
	URL(key string) string
}
