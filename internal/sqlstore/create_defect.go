package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
)

// createThenQueue is the defect failpoint.OutboxOutside: it commits the product
// without its jobs and writes those a moment later by themselves, as if a
// failure in between could not be.
func (s *Store) createThenQueue(ctx context.Context, n catalog.NewProduct) (p catalog.Product, err error) {
	err = s.change(ctx, "create product", func(ctx context.Context, tx *sql.Tx) error {
		if p, err = s.createInSteps(ctx, tx, n); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.sql(
			`DELETE FROM outbox WHERE image_id IN (SELECT id FROM images WHERE product_id = $1)`), p.ID)
		return err
	})
	if err != nil {
		return p, err
	}
	jobs := make([]outboxJob, len(p.Images))
	for i, img := range p.Images {
		jobs[i] = outboxJob{job: media.Job{
			ImageID: img.ID, ProductID: p.ID, Generation: 1, RequestID: n.RequestID, Host: media.SourceHost(img.SourceURL),
		}}
	}
	later := context.WithoutCancel(ctx)
	time.AfterFunc(100*time.Millisecond, func() {
		err := s.change(later, "queue jobs", func(ctx context.Context, tx *sql.Tx) error { return s.queueJobs(ctx, tx, jobs) })
		if err != nil {
			s.log.ErrorContext(later, "jobs lost", "product", p.ID, "error", err)
		}
	})
	return p, nil
}
