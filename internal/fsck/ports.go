package fsck

import (
	"context"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

// Depths is what fsck needs of the queue: a queue.Driver's Depth.
type Depths interface {
	Depth(ctx context.Context, of queue.Source) (queue.Depth, error)
}

// Store is what fsck needs of the database. Every method is one transaction,
// safe for concurrent use beside everything else, takes the time from the
// database's clock, and returns errors of kind fault.Unavailable where the
// database cannot be reached.
type Store interface {
	gc.Store

	// Silent looks for images that a sweep should have taken up, whose lease ran
	// out longer than silence ago. It returns how many there are and the ids of
	// the first, at most limit.
	Silent(ctx context.Context, silence time.Duration, limit int) (count int64, ids []int64, err error)
	// Sweep is media.Store's.
	Sweep(ctx context.Context, p media.SweepPolicy) ([]media.LostAttempt, error)

	// MarkBroken hides the rendition, whose files are not whole, from look-ups
	// until a worker has stored them again.
	MarkBroken(ctx context.Context, key string) error
	// Rebuild makes at most limit Ready images of the rendition due that are not
	// being repaired yet, in a new generation. They go on showing the picture
	// where shown, else they are Pending.
	Rebuild(ctx context.Context, key string, shown bool, limit int) ([]catalog.Changed, error)

	// Revisions returns the products with ids above after, in order.
	Revisions(ctx context.Context, after int64, limit int) ([]ProductRevision, error)
	// RaiseRevision raises the product's revision above the one given, where it is
	// not, and counts its images again. fault.NotFound.
	RaiseRevision(ctx context.Context, id, revision int64) (catalog.Changed, error)

	// ReadersAhead returns the readers of events whose position is beyond the
	// last event, and its id.
	ReadersAhead(ctx context.Context) ([]Reader, int64, error)
	// SetBackReader sets the reader to the position where it is beyond it, and ends
	// its lease: who held it goes on from there.
	SetBackReader(ctx context.Context, name string, position int64) error
}

// ProductRevision is a product as the cache should know it, and whether it knows
// its own images.
type ProductRevision struct {
	ID       int64
	UserID   int64
	Revision int64
	Age      time.Duration // of this revision
	Miscount bool          // it says other counts or another cover than its images have
}

// Cache is what fsck needs of cache.Cache.
type Cache interface {
	Get(ctx context.Context, key string) (cache.Entry, bool, error)
}
