package imagesql

import (
	"context"
	"database/sql"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/outboxsql"
)

// Sweep implements media.Store. Each image is repaired in a transaction of its
// own: several sweepers at once only find that the other was first.
func (s *Images) Sweep(ctx context.Context, p media.SweepPolicy) (media.Swept, error) {
	var swept media.Swept
	var err error
	if p.KeepLeases {
		err = s.db.Probe(ctx)
	} else {
		err = s.reclaimAll(ctx, p, &swept)
	}
	if err != nil {
		return swept, err
	}
	lost, err := s.sweepable(ctx, p.Limit-len(swept.Changed), `
		SELECT i.id, i.product_id, i.generation, i.attempts, i.lost_attempts, i.request_id, i.source_host FROM images i
		WHERE i.status = 'pending' AND i.queued_at < {now} - $2
		  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.image_id = i.id)
		ORDER BY i.queued_at LIMIT $1`, p.RequeueAfter.Milliseconds())
	if err != nil {
		return swept, err
	}
	for _, c := range lost {
		again, err := s.requeue(ctx, c, p.RequeueAfter)
		if err != nil {
			return swept, err
		}
		if again {
			swept.Requeued++
		}
	}
	return swept, nil
}

// reclaimAll takes the images back whose lease has run out.
func (s *Images) reclaimAll(ctx context.Context, p media.SweepPolicy, swept *media.Swept) error {
	abandoned, err := s.sweepable(ctx, p.Limit, `
		SELECT i.id, i.product_id, i.generation, i.attempts, i.lost_attempts, i.request_id, i.source_host FROM images i
		WHERE i.status = 'processing' AND i.lease_until < {now} ORDER BY i.lease_until LIMIT $1`)
	if err != nil {
		return err
	}
	for _, c := range abandoned {
		changed, err := s.reclaim(ctx, c, p)
		if fault.KindOf(err) == fault.Conflict {
			continue
		}
		if err != nil {
			return err
		}
		swept.Changed = append(swept.Changed, changed)
	}
	return nil
}

func (s *Images) sweepable(ctx context.Context, limit int, statement string, args ...any) ([]media.Claim, error) {
	if limit <= 0 {
		return nil, nil
	}
	return sqldb.Select(ctx, s.db, "look for lost images", scanClaim, statement, append([]any{limit}, args...)...)
}

func scanClaim(row sqldb.Row, c *media.Claim) error {
	return row.Scan(&c.ImageID, &c.ProductID, &c.Generation, &c.Attempt, &c.Lost, &c.RequestID, &c.Host)
}

// reclaim takes an image from a worker that has been silent for its lease.
func (s *Images) reclaim(ctx context.Context, c media.Claim, p media.SweepPolicy) (catalog.Changed, error) {
	c.Lost++
	silent := s.db.SQL(held + ` AND lease_until < {now}`)
	return s.transition(ctx, "reclaim image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			return s.endLost(ctx, tx, e, c, p.Lost, p.Decide, silent)
		})
}

// requeue writes the job again of an image whose message is nowhere. The image
// does not change, so its product keeps its revision.
func (s *Images) requeue(ctx context.Context, c media.Claim, after time.Duration) (again bool, err error) {
	err = s.db.InTxNotify(ctx, "requeue image", func(ctx context.Context, tx *sql.Tx) error {
		again, err = sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(`
			UPDATE images SET queued_at = {now}
			WHERE id = $1 AND generation = $2 AND status = 'pending' AND queued_at < {now} - $3`),
			c.ImageID, c.Generation, after.Milliseconds()))
		if err != nil || !again {
			return err
		}
		return outboxsql.Enqueue(ctx, s.db, tx, []outboxsql.Job{{Job: c.Job}})
	})
	return again, err
}
