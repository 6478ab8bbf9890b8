package processsql

import (
	"context"
	"time"

	"vitrine.dev/internal/fault"
)

// errHeld is what a holder meets that has not got, or no longer has, the lease.
func errHeld() error { return fault.New(fault.Conflict, "another process has the lease") }

// TakeLease implements processes.Leases.
func (s *Alive) TakeLease(ctx context.Context, name, holder string, life time.Duration) error {
	return s.written(ctx, "take lease", `
		INSERT INTO leases (name, holder, lease_until) VALUES ($1, $2, {now} + $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
		WHERE leases.holder = excluded.holder OR leases.lease_until <= {now}`, name, holder, life.Milliseconds())
}

// RenewLease implements processes.Leases.
func (s *Alive) RenewLease(ctx context.Context, name, holder string, life time.Duration) error {
	return s.written(ctx, "renew lease", `UPDATE leases SET lease_until = {now} + $3 WHERE name = $1 AND holder = $2`, name, holder, life.Milliseconds())
}

// written is a conflict where the statement finds nothing to write.
func (s *Alive) written(ctx context.Context, operation, statement string, args ...any) error {
	n, err := s.db.Exec(ctx, operation, statement, args...)
	if err == nil && n == 0 {
		return errHeld()
	}
	return err
}

// EndLease implements processes.Leases.
func (s *Alive) EndLease(ctx context.Context, name, holder string) error {
	_, err := s.db.Exec(ctx, "end lease", `UPDATE leases SET lease_until = 0 WHERE name = $1 AND holder = $2`, name, holder)
	return err
}
