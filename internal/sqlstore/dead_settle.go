package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// startOver is the only wording of how an image becomes what a new one is, in
// its next generation, also by its age. Whoever writes it writes the job, too.
const startOver = `
	UPDATE images SET status = 'pending', generation = generation + 1, attempts = 0, lost_attempts = 0, retry_at = 0, lease_until = 0,
	       reason = '', reason_detail = '', failed_at = 0, failed_user = 0, discarded_at = 0, rendition_key = NULL,
	       queued_at = {now}, accepted_at = {now}`

// ReplayImages implements failures.Store.
func (s *Store) ReplayImages(
	ctx context.Context, images []int64, requestID string,
) (changed []catalog.Changed, done []int64, err error) {
	if len(images) == 0 {
		return nil, nil, nil
	}
	err = s.InTxNotify(ctx, "replay dead letters", func(ctx context.Context, tx *sql.Tx) error {
		changed, done, err = s.replayDead(ctx, tx, images, requestID)
		return err
	})
	return changed, done, err
}

// replayDead locks the products of the images in one order before it touches
// the images, as every change of an image does.
func (s *Store) replayDead(
	ctx context.Context, tx *sql.Tx, images []int64, requestID string,
) ([]catalog.Changed, []int64, error) {
	marks, args := sqldb.In(1, images)
	_, err := sqldb.IDs(ctx, tx, s.SQL(
		`SELECT id FROM products WHERE id IN (SELECT product_id FROM images WHERE `+dead+` AND id IN (`+marks+`))
		ORDER BY id{for update}`), args...)
	if err != nil {
		return nil, nil, err
	}
	marks, args = sqldb.In(2, images)
	jobs, err := collectJobs(ctx, tx, requestID, s.SQL(startOver+`, request_id = $1 WHERE `+dead+` AND id IN (`+marks+`)
		RETURNING id, product_id, generation, source_host`), append([]any{requestID}, args...)...)
	if err != nil || len(jobs) == 0 {
		return nil, nil, err
	}
	products, done := []int64{}, make([]int64, len(jobs))
	queued := make([]outboxJob, len(jobs))
	for i, j := range jobs {
		done[i], queued[i], products = j.ImageID, outboxJob{job: j}, append(products, j.ProductID)
	}
	slices.Sort(products)
	changed, err := s.bump(ctx, tx, slices.Compact(products))
	if err != nil {
		return nil, nil, err
	}
	if err := s.queueJobs(ctx, tx, queued); err != nil {
		return nil, nil, err
	}
	for _, c := range changed {
		if err := s.recordChange(ctx, tx, c); err != nil {
			return nil, nil, err
		}
	}
	return changed, done, nil
}

// bump raises the versions of products that the transaction has locked.
func (s *Store) bump(ctx context.Context, tx *sql.Tx, products []int64) ([]catalog.Changed, error) {
	marks, args := sqldb.In(1, products)
	return sqldb.Collect(ctx, tx, func(row sqldb.Row, c *catalog.Changed) error {
		return row.Scan(&c.ProductID, &c.UserID, &c.Version)
	}, s.SQL(
		`UPDATE products SET version = version + 1, updated_at = {now} WHERE id IN (`+marks+`) RETURNING id, user_id, version`), args...)
}

// collectJobs reads rows of (image, product, generation, host) as jobs of the
// request, in the order of ids.
func collectJobs(ctx context.Context, tx *sql.Tx, requestID, query string, args ...any) ([]media.Job, error) {
	jobs, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, j *media.Job) error {
		j.RequestID = requestID
		return row.Scan(&j.ImageID, &j.ProductID, &j.Generation, &j.Host)
	}, query, args...)
	slices.SortFunc(jobs, func(a, b media.Job) int { return cmp.Compare(a.ImageID, b.ImageID) })
	return jobs, err
}

// ReplayImage implements failures.Store.
func (s *Store) ReplayImage(
	ctx context.Context, product, image int64, requestID string,
) (img catalog.Image, changed catalog.Changed, err error) {
	changed, err = s.transition(ctx, "replay image", product,
		func(ctx context.Context, tx *sql.Tx, _ catalog.Changed) (bool, error) {
			var status string
			err := tx.QueryRowContext(ctx, s.SQL(
				`SELECT source_url, status FROM images WHERE id = $1 AND product_id = $2{for update}`), image, product).
				Scan(&img.SourceURL, &status)
			switch {
			case errors.Is(err, sql.ErrNoRows):
				return false, sqldb.NotFound("image of this product")
			case err != nil:
				return false, err
			case status != string(catalog.Failed):
				return false, fault.New(fault.Conflict, "the image is "+status+"; only a failed one can be replayed")
			}
			jobs, err := collectJobs(ctx, tx, requestID, s.SQL(
				startOver+`, request_id = $1 WHERE id = $2 RETURNING id, product_id, generation, source_host`), requestID, image)
			if err != nil || len(jobs) != 1 {
				return false, err
			}
			img.ID, img.Status = image, catalog.Pending
			return true, s.queueJobs(ctx, tx, []outboxJob{{job: jobs[0]}})
		})
	if fault.KindOf(err) == fault.Conflict && img.SourceURL == "" { // no such product
		return catalog.Image{}, catalog.Changed{}, sqldb.NotFound("image of this product")
	}
	return img, changed, err
}
