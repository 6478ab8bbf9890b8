package imagesql

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/outboxsql"
)

// ReplayImages implements failures.Store.
func (s *Images) ReplayImages(
	ctx context.Context, images []int64, requestID string,
) (changed []catalog.Changed, done []int64, err error) {
	if len(images) == 0 {
		return nil, nil, nil
	}
	err = s.db.InTxNotify(ctx, "replay images", func(ctx context.Context, tx *sql.Tx) error {
		changed, done, err = Replay(ctx, s.db, tx, images, requestID)
		return err
	})
	return changed, done, err
}

// Replay locks the products of the images in one order before it touches
// the images, as every change of an image does.
func Replay(ctx context.Context, db *sqldb.DB, tx *sql.Tx, images []int64, requestID string,
) ([]catalog.Changed, []int64, error) {
	marks, args := sqldb.In(1, images)
	_, err := sqldb.IDs(ctx, tx, db.SQL(
		`SELECT id FROM products WHERE id IN (SELECT product_id FROM images WHERE `+Listed+` AND id IN (`+marks+`))
		ORDER BY id{for update}`), args...)
	if err != nil {
		return nil, nil, err
	}
	marks, args = sqldb.In(2, images)
	jobs, err := collectJobs(ctx, tx, requestID, db.SQL(startOver+`, request_id = $1 WHERE `+Listed+` AND id IN (`+marks+`)
		RETURNING id, product_id, generation, source_host`), append([]any{requestID}, args...)...)
	if err != nil || len(jobs) == 0 {
		return nil, nil, err
	}
	products, done := []int64{}, make([]int64, len(jobs))
	queued := make([]outboxsql.Job, len(jobs))
	for i, j := range jobs {
		done[i], queued[i], products = j.ImageID, outboxsql.Job{Job: j}, append(products, j.ProductID)
	}
	slices.Sort(products)
	changed, err := progress(ctx, db, tx, slices.Compact(products))
	if err != nil {
		return nil, nil, err
	}
	if err := outboxsql.Enqueue(ctx, db, tx, queued); err != nil {
		return nil, nil, err
	}
	restarted := make([]movedImage, len(jobs))
	for i, j := range jobs {
		restarted[i] = movedImage{image: j.ImageID, product: j.ProductID}
	}
	err = appendEach(ctx, db, tx, changed, restarted, events.ImageRetrying, events.Data{Cause: events.CauseRequest})
	return changed, done, err
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
func (s *Images) ReplayImage(
	ctx context.Context, product, image int64, requestID string,
) (img catalog.Image, changed catalog.Changed, err error) {
	changed, err = s.transition(ctx, "replay image", product,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			happened(e, events.ImageRetrying, image, events.Data{Cause: events.CauseRequest})
			var status string
			err := tx.QueryRowContext(ctx, s.db.SQL(
				`SELECT source_url, status FROM images WHERE id = $1 AND product_id = $2{for update}`), image, product).
				Scan(&img.SourceURL, &status)
			switch {
			case err != nil:
				return false, sqldb.NoRow(err, sqldb.NotFound("image of this product"))
			case status != string(catalog.Failed):
				return false, fault.New(fault.Conflict, "the image is "+status+"; only a failed one can be replayed")
			}
			jobs, err := collectJobs(ctx, tx, requestID, s.db.SQL(
				startOver+`, request_id = $1 WHERE id = $2 RETURNING id, product_id, generation, source_host`), requestID, image)
			if err != nil || len(jobs) != 1 {
				return false, err
			}
			img.ID, img.Status = image, catalog.Pending
			return true, outboxsql.Enqueue(ctx, s.db, tx, []outboxsql.Job{{Job: jobs[0]}})
		})
	if fault.KindOf(err) == fault.Conflict && img.SourceURL == "" { // no such product
		return catalog.Image{}, catalog.Changed{}, sqldb.NotFound("image of this product")
	}
	return img, changed, err
}

// Rebuild implements fsck.Store.
func (s *Images) Rebuild(ctx context.Context, key string, limit int) ([]catalog.Changed, error) {
	images, err := sqldb.Select(ctx, s.db, "look for images of a rendition", scanClaim, `
		SELECT id, product_id, generation, attempts, lost_attempts, request_id, source_host FROM images
		WHERE rendition_key = $1 AND status = 'ready' ORDER BY id LIMIT $2`, key, limit)
	if err != nil {
		return nil, err
	}
	var all []catalog.Changed
	for _, c := range images {
		changed, err := s.rebuild(ctx, key, c)
		if fault.KindOf(err) == fault.Conflict {
			continue // deleted or replayed meanwhile
		}
		if err != nil {
			return all, err
		}
		all = append(all, changed)
	}
	return all, nil
}

func (s *Images) rebuild(ctx context.Context, key string, c media.Claim) (catalog.Changed, error) {
	return s.transition(ctx, "rebuild image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			happened(e, events.ImageRetrying, c.ImageID, events.Data{Cause: events.CauseRepair})
			moved, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(startOver+`
				WHERE id = $1 AND generation = $2 AND status = 'ready' AND rendition_key = $3`),
				c.ImageID, c.Generation, key))
			if err != nil || !moved {
				return false, err
			}
			c.Generation++
			return true, outboxsql.Enqueue(ctx, s.db, tx, []outboxsql.Job{{Job: c.Job}})
		})
}
