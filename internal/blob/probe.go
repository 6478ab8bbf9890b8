package blob

import "context"

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
