package imagesql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// Sweep implements media.Store. Each image is recovered in a transaction of its
// own: several sweepers at once only find that the other was first.
func (s *Images) Sweep(ctx context.Context, p media.SweepPolicy) (swept []media.LostAttempt, err error) {
	if p.KeepLeases {
		return nil, s.db.Probe(ctx)
	}
	low, err := s.bounds(ctx)
	if err != nil {
		return nil, err
	}
	silent, err := sqldb.Select(ctx, s.db, "look for leases that ran out", func(row sqldb.Row, c *media.Claim) error {
		return row.Scan(&c.ImageID, &c.ProductID, &c.Generation, &c.Attempt, &c.Lost, &c.Shown)
	}, `
		SELECT id, product_id, generation, attempts, lost_attempts, status = 'ready' FROM images
		WHERE stage = 3 AND dispatched_until >= $1 AND lease_until > 0 AND lease_until < {now} ORDER BY lease_until LIMIT $2`, low.token, p.Limit)
	if err != nil {
		return nil, err
	}
	for _, c := range silent {
		var lost media.LostAttempt
		lost.Changed, err = s.transition(ctx, "reclaim image", c.ProductID,
			func(ctx context.Context, tx *sql.Tx, e *events.Event) (moved bool, err error) {
				lost.Outcome, moved, err = s.endLost(ctx, tx, e, c, p.Lost, p.Decide, ranOut)
				return moved, err
			})
		switch {
		case err == nil:
			swept = append(swept, lost)
		case fault.KindOf(err) != fault.Conflict:
			return swept, err
		}
	}
	return swept, nil
}

// EndLeases ends what the image rows say of a worker and a queue that are known
// to be dead: the sweep and the next dispatcher take it up at once.
func EndLeases(ctx context.Context, tx *sql.Tx, db *sqldb.DB) error {
	for _, statement := range []string{endLease, endMessage} {
		if _, err := tx.ExecContext(ctx, db.SQL(statement)); err != nil {
			return err
		}
	}
	return nil
}
