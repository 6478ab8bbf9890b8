package fsck

import (
	"context"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
)

// Store is what fsck needs of the database. Every method is one transaction,
// safe for concurrent use beside everything else, takes the time from the
// database's clock, and returns errors of kind fault.Unavailable where the
// database cannot be reached.
type Store interface {
	// Stuck looks for images that a sweep should have taken up: Processing
	// whose lease ran out longer than silence ago, or Pending that is due and
	// was queued longer than silence ago and has no message in the outbox.
	// It returns how many there are and the ids of the first, at most limit.
	Stuck(ctx context.Context, status catalog.Status, silence time.Duration, limit int) (count int64, ids []int64, err error)
	// Sweep is media.Store's.
	Sweep(ctx context.Context, p media.SweepPolicy) (media.Swept, error)
	// JobMessages returns the outbox messages of images with ids above after,
	// in order.
	JobMessages(ctx context.Context, after int64, limit int) ([]JobMessage, error)
	// DropMessage removes the message unless it is leased, or its image waits
	// for that generation by now.
	DropMessage(ctx context.Context, id, generation int64) (dropped bool, err error)

	// Renditions returns those with keys from from (exclusive after the first
	// page) below below, in order.
	Renditions(ctx context.Context, from, below string, limit int) ([]Rendition, error)
	// MarkUnused records for renditions with keys from from below below since
	// when no image refers to them, and clears that where one does.
	MarkUnused(ctx context.Context, from, below string) error
	// Unused returns live renditions that were marked longer than
	// grace ago and that no image refers to; at most limit, above after, in order.
	Unused(ctx context.Context, after string, grace time.Duration, limit int) ([]Rendition, error)
	// BeginDelete opens a window, from now on, in which the files under the
	// rendition's key are deleted. Look-ups no longer find it, and no claim that was
	// begun before the window's end can complete with it. fault.Conflict where
	// an image refers to it, where it is live and was not marked unused longer
	// than grace ago, or where another window is open.
	BeginDelete(ctx context.Context, key string, grace, window time.Duration) (Window, error)
	// CloseWindow ends the window now: everything was deleted.
	CloseWindow(ctx context.Context, w Window) error
	// PurgeTombstones removes at most limit records of deletions longer than
	// media.ClaimLife ago. It returns how many.
	PurgeTombstones(ctx context.Context, limit int) (int, error)
	// MarkBroken hides the rendition, whose files are not whole, from look-ups
	// until a worker has stored them again.
	MarkBroken(ctx context.Context, key string) error
	// Rebuild returns at most limit Ready images of the rendition to Pending
	// with a new generation and their job in the outbox.
	Rebuild(ctx context.Context, key string, limit int) ([]catalog.Changed, error)

	// Versions returns the products with ids above after, in order.
	Versions(ctx context.Context, after int64, limit int) ([]ProductVersion, error)
	// RaiseVersion raises the product's version above the one given, where it is
	// not. fault.NotFound.
	RaiseVersion(ctx context.Context, id, version int64) (catalog.Changed, error)

	// Installation returns the random id that this database was given when it
	// was made: 32 hex digits.
	Installation(ctx context.Context) (string, error)
	// ClaimSlice claims the next slice of the scheduled task where one is due:
	// one caller among all processes gets it, and the next is due after interval.
	// first is the partition at which the slice begins; the next begins step
	// further, modulo size.
	ClaimSlice(ctx context.Context, task string, interval time.Duration, step, size int) (first int, claimed bool, err error)
}

// JobMessage is a message of the outbox beside its image.
type JobMessage struct {
	ID         int64
	Body       []byte
	Leased     bool           // a relay is delivering it
	Overdue    time.Duration  // since it was due; negative before
	Status     catalog.Status // of its image; empty where that is gone
	Generation int64          // of its image
}

// Rendition is a row that refers to files in storage.
type Rendition struct {
	Key     string
	Outputs []catalog.Output
	Live    bool // look-ups find it
	Used    bool // an image refers to it
}

// Window is the time in which the files of a rendition are deleted.
type Window struct {
	Key   string
	Until time.Time // by the database's clock
}

// ProductVersion is a product as the cache should know it.
type ProductVersion struct {
	ID      int64
	Version int64
	Age     time.Duration // of this version
}

// Blobs is what fsck needs of blob.Store.
type Blobs interface {
	Put(ctx context.Context, key, contentType string, body []byte) error
	Stat(ctx context.Context, key string) (blob.Info, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, visit func(blob.Info) error) error
}

// Cache is what fsck needs of cache.Cache.
type Cache interface {
	Get(ctx context.Context, key string) (cache.Entry, bool, error)
}
