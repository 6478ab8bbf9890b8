package sqlstore

import (
	"context"
	"database/sql"
)

// EndLeases ends every lease on images, messages and jobs, for a process that has
// the database to itself: their holders are dead. The sweep and the relay
// then take them up at once instead of waiting for the leases to run out.
func (s *Store) EndLeases(ctx context.Context) error {
	return s.InTxNotify(ctx, "end leases", func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range []string{
			`UPDATE images SET lease_until = 0 WHERE status = 'processing'`,
			`UPDATE outbox SET lease_until = 0 WHERE lease_until > 0`,
			`UPDATE dead_jobs SET lease_until = 0 WHERE lease_until > 0`,
		} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}
