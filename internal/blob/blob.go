// Package blob is the port to the storage of published images. Keys are
// derived from content, so an object never changes once it is written.
// Adapters live in the packages below it and all pass blobtest.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"vitrine.dev/internal/fault"
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
	// PutFrom is Put of what body holds from where it stands to its end. It is
	// read a piece at a time, and again where an attempt is repeated; it is not
	// closed. An error of body's is returned with its own kind.
	PutFrom(ctx context.Context, key, contentType string, body io.ReadSeeker) error
	// PutNew is Put where there is no object under key; stored is false where
	// there is one, which stays. Of several callers at once one succeeds, as far
	// as the storage knows conditions: some servers ignore them, and the last one
	// wins.
	PutNew(ctx context.Context, key, contentType string, body []byte) (stored bool, err error)
	// Open returns the object for reading.
	Open(ctx context.Context, key string) (Object, error)
	// OpenFrom is Open from the byte of that offset on, of which none before it is read; at the
	// object's end and behind it the body is empty. Bytes are those of the whole object.
	OpenFrom(ctx context.Context, key string, offset int64) (Object, error)
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

// MaxKeyBytes bounds a key: the limit of S3.
const MaxKeyBytes = 1024

// CheckKey returns an error of kind fault.Invalid unless key is a relative
// slash-separated path of lower-case letters, digits, '.', '-' and '_', none
// of whose segments is empty or starts with a dot. Such keys mean the same on
// every file system and in every URL.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKeyBytes {
		return fault.New(fault.Invalid, "object key is empty or too long")
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment[0] == '.' {
			return fault.New(fault.Invalid, "object key has an empty or hidden segment")
		}
		for _, c := range []byte(segment) {
			if !keyByte(c) {
				return fault.New(fault.Invalid, "object key has a character outside a-z 0-9 . - _")
			}
		}
	}
	return nil
}

// CheckCall is what a Store begins every operation on a key with.
func CheckCall(ctx context.Context, operation, key string) error {
	if err := CheckKey(key); err != nil {
		return fmt.Errorf("%s object: %w", operation, err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s object %s: %w", operation, key, err)
	}
	return nil
}

// CheckPrefix returns an error of kind fault.Invalid unless some key could start
// with prefix: it is empty, or a key itself, with or without a slash at its end.
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	return CheckKey(strings.TrimSuffix(prefix, "/"))
}

func keyByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

// Sources is what the keys of sources begin with.
const Sources = "sources/"

// SourceKey returns the key of a picture that a client has sent, before any
// work on it: sum is the SHA-256 of its bytes. It is of a private object.
func SourceKey(sum [sha256.Size]byte) string { return Sources + hex.EncodeToString(sum[:]) }

// IsSource reports whether the key is one that SourceKey returns.
func IsSource(key string) bool {
	digits, ok := strings.CutPrefix(key, Sources)
	return ok && len(digits) == hex.EncodedLen(sha256.Size) && strings.Trim(digits, "0123456789abcdef") == ""
}

// Uploads is what the keys of pictures begin with that clients are sending, until they are sources.
const Uploads = "uploads/"

// UploadKey returns the key of the picture of an upload, whose id is lower-case letters and digits.
func UploadKey(id string) string { return Uploads + id }

// Imports is what the keys of files of products begin with that clients have sent.
const Imports = "imports/"

// ImportKey returns the key of the file of an import, whose name is lower-case letters and digits.
func ImportKey(name string) string { return Imports + name }

// SourceType is the content type that sources are stored with: what a client
// sends is never served as what it claims to be.
const SourceType = "application/octet-stream"

// Private reports whether the object under key is for its owner only, so that
// it must not be served as published images are.
func Private(key string) bool {
	return strings.HasPrefix(key, Sources) || strings.HasPrefix(key, Uploads) || strings.HasPrefix(key, Imports)
}

// ProbeKey is the object that Probe stores. No published key looks like it.
const ProbeKey = "probe/write.webp"

// probeBytes is more than what file systems keep beside a name, so that a full
// disk is noticed, and little enough to be sent once a minute.
const probeBytes = 16 << 10

// Probe reports whether objects can be stored now, by storing one. It may be
// called by any number of processes at once. Errors are those of Store.Put.
func Probe(ctx context.Context, s Putter) error {
	return s.Put(ctx, ProbeKey, "image/webp", make([]byte, probeBytes))
}

// Putter is the part of Store that Probe needs.
type Putter interface {
	Put(ctx context.Context, key, contentType string, body []byte) error
}
