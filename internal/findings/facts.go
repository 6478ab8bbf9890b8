package findings

import (
	"context"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/monitor"
)

// Facts are what is judged. What could not be read is nil or empty, and named in Unread.
type Facts struct {
	Now      time.Time
	Queue    *dispatch.Overview
	Hosts    []dispatch.HostView // of Inspector.Failing
	Failures *failures.Summary   // of those since FailedAfter
	// FailedAfter is where the time begins that Failures are of.
	FailedAfter time.Time
	Parts       map[string]monitor.Status
	PartsSince  map[string]time.Time // since when a part is not ok
	Readers     []Reader
	Webhooks    []Webhook
	Imports     []Import
	Fsck        *gc.Run          // the last that came to its end; nil where none is known
	Unread      map[string]error // why, by what it is in words, such as TheQueue
}

// TheQueue is the key of Queue in Unread.
const TheQueue = "the queue"

// Reader is a reader of the log of events.
type Reader struct {
	Name   string
	Behind int       // events that it has not done; at most BehindMost
	Oldest time.Time // when the first of these happened; zero for none
}

// Webhook is an endpoint that is disabled, but not by request, or has failed lately.
type Webhook struct {
	ID, UserID int64
	Failures   int       // in a row
	Since      time.Time // the first of these, or when it was disabled
	Disabled   string    // why; "" where it is not
}

// Import is an import that is paused.
type Import struct {
	ID, UserID    int64
	ImagesWaiting int
	Since         time.Time // its last step; zero for none
}

// The bounds of Facts.
const (
	BehindMost   = 10_000
	mostHosts    = 50
	mostReaders  = 50
	mostWebhooks = 50
	mostImports  = 50
)

// Store is what facts need of the database beside what other ports have. Methods are safe for
// concurrent use, change nothing, cost the same however much there is, and return errors of
// kind fault.Unavailable where the database cannot be reached.
type Store interface {
	// ReaderLags returns how far readers of the log of events are behind its end, at most
	// limit, by name.
	ReaderLags(ctx context.Context, limit int) ([]Reader, error)
	// TroubledWebhooks returns at most limit endpoints that have failed last, or were disabled
	// other than by request, by id.
	TroubledWebhooks(ctx context.Context, limit int) ([]Webhook, error)
	// PausedImports returns at most limit imports that are paused, the latest first.
	PausedImports(ctx context.Context, limit int) ([]Import, error)
	// LastFinished is that of gc.Runs.
	LastFinished(ctx context.Context, task gc.Task) (*gc.Run, error)
}
