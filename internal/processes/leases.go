package processes

import (
	"context"
	"time"
)

// Leases say which process does what one at a time does for as long as it lives. Methods are safe for
// concurrent use, take the time from the database's clock, and return errors of kind
// fault.Unavailable where the database cannot be reached.
type Leases interface {
	// TakeLease makes the holder the one that has the lease of the name, for so long, or for
	// so much longer. fault.Conflict where another holder has it.
	TakeLease(ctx context.Context, name, holder string, life time.Duration) error
	// RenewLease has the holder keep the lease for so much longer. fault.Conflict where another one
	// has taken it since, even if that has ended.
	RenewLease(ctx context.Context, name, holder string, life time.Duration) error
	// EndLease ends the lease where it is the holder's.
	EndLease(ctx context.Context, name, holder string) error
}
