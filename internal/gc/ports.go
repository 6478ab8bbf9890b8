package gc

import (
	"context"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
)

// Store is what the collection of files needs of the database. Every method is
// one transaction, safe for concurrent use beside everything else, takes the
// time from the database's clock, and returns errors of kind fault.Unavailable
// where the database cannot be reached. A rendition is also a source, a picture that a client
// has sent: its key is that of its one file, which begins with blob.Sources.
type Store interface {
	Runs

	// Renditions returns those with keys from from (exclusive after the first
	// page) below below, in order.
	Renditions(ctx context.Context, from, below string, limit int) ([]Rendition, error)
	// MarkUnused records for renditions with keys from from below below since
	// when no image refers to them, and clears that where one does.
	MarkUnused(ctx context.Context, from, below string) error
	// Unused returns live renditions that were marked longer than
	// grace ago and that no image refers to; at most limit, above after and below below, in order: sources where
	// after is or begins with blob.Sources, else renditions.
	Unused(ctx context.Context, after, below string, grace time.Duration, limit int) ([]Rendition, error)
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
	// ImportFiles returns which of the keys, which begin with blob.Imports, are those of files
	// that imports still read.
	ImportFiles(ctx context.Context, keys []string) ([]string, error)

	// ClaimSlice claims the next slice of the scheduled task where one is due:
	// one caller among all processes gets it, and the next is due after interval.
	// first is the partition at which the slice begins; the next begins step
	// further, modulo size.
	ClaimSlice(ctx context.Context, task string, interval time.Duration, step, size int) (first int, claimed bool, err error)
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

// Blobs is what gc needs of blob.Store.
type Blobs interface {
	Stat(ctx context.Context, key string) (blob.Info, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, visit func(blob.Info) error) error
}
