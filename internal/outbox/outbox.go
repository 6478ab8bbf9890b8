// Package outbox delivers committed messages from the database to where they
// belong: image jobs to the queue, changes to the cache. A message is deleted
// only after its delivery has succeeded, so each is delivered at least once.
package outbox

import (
	"context"
	"time"
)

// Message is one row of the outbox.
type Message struct {
	ID    int64
	Topic string
	Body  []byte
}

// Store is what the relay needs of the database. Methods are safe for
// concurrent use by any number of relays, take the time from the database's
// clock, and return errors of kind fault.Unavailable where the database cannot
// be reached.
type Store interface {
	// LeaseMessages returns at most limit messages of the topic that are due
	// and not leased, oldest due first, and leases them: no one else gets
	// them until the lease runs out.
	LeaseMessages(ctx context.Context, topic string, limit int, lease time.Duration) ([]Message, error)
	// RenewMessages extends the lease of those messages that still exist.
	RenewMessages(ctx context.Context, ids []int64, lease time.Duration) error
	// DeleteMessages removes delivered messages; missing ones are no error.
	DeleteMessages(ctx context.Context, ids []int64) error
	// ReleaseMessages gives leased messages back, due after delay.
	ReleaseMessages(ctx context.Context, ids []int64, delay time.Duration) error
	// Wake sends on the returned channel (of capacity 1, coalescing) soon
	// after messages were committed, by this process or another, until ctx is
	// done. It is a hint that may be missed; the relay polls as well.
	Wake(ctx context.Context) <-chan struct{}
}
