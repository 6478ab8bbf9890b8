package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
)

// withoutJobs is the first half of the defect failpoint.OutboxOutside, on
// PostgreSQL: the create commits the product without its jobs.
func withoutJobs(statement string) string {
	const insert = "INSERT INTO outbox (topic, body, image_id, user_id, place, due_at)"
	return strings.Replace(statement, insert, "", 1)
}

// queueLater is the second half: the jobs are written a moment after the commit
// by themselves, as if a failure in between could not be.
func (s *Store) queueLater(ctx context.Context, p catalog.Product) {
	jobs := make([]outboxJob, len(p.Images))
	for i, img := range p.Images {
		jobs[i] = outboxJob{job: media.Job{ImageID: img.ID, ProductID: p.ID, Generation: 1, Host: media.SourceHost(img.SourceURL)}}
	}
	later := context.WithoutCancel(ctx)
	time.AfterFunc(100*time.Millisecond, func() {
		err := s.change(later, "queue jobs", func(ctx context.Context, tx *sql.Tx) error { return s.queueJobs(ctx, tx, jobs) })
		if err != nil {
			s.log.ErrorContext(later, "jobs lost", "product", p.ID, "error", err)
		}
	})
}
