package imagesql

import (
	"context"
	"database/sql"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
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
func Replay(ctx context.Context, db *sqldb.DB, tx *sql.Tx, failed []int64, requestID string,
) ([]catalog.Changed, []int64, error) {
	marks, args := sqldb.In(1, failed)
	_, err := sqldb.IDs(ctx, tx, db.SQL(
		`SELECT id FROM products WHERE id IN (SELECT product_id FROM images WHERE `+Listed+` AND id IN (`+marks+`))
		ORDER BY id{for update}`), args...)
	if err != nil {
		return nil, nil, err
	}
	return replayLocked(ctx, db, tx, failed, Listed, requestID)
}

// RetryFailed has those of the images that have failed start over, also those that are
// not listed any more. The transaction has locked their products.
func RetryFailed(ctx context.Context, db *sqldb.DB, tx *sql.Tx, images []int64, requestID string) error {
	if len(images) == 0 {
		return nil
	}
	_, _, err := replayLocked(ctx, db, tx, images, `status = 'failed'`, requestID)
	return err
}

func replayLocked(ctx context.Context, db *sqldb.DB, tx *sql.Tx, failed []int64, condition, requestID string,
) ([]catalog.Changed, []int64, error) {
	marks, args := sqldb.In(3, failed)
	images, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, m *movedImage) error { return row.Scan(&m.image, &m.product) },
		db.SQL(replay()+` WHERE `+condition+` AND id IN (`+marks+`) RETURNING id, product_id`), request(ctx, requestID, args...)...)
	if err != nil || len(images) == 0 {
		return nil, nil, err
	}
	done := make([]int64, len(images))
	for i, r := range images {
		done[i] = r.image
	}
	slices.Sort(done)
	changed, err := progressEach(ctx, db, tx, images, events.ImageRetrying, events.Data{Cause: events.CauseRequest})
	return changed, done, err
}

// ReplayImage implements failures.Store.
func (s *Images) ReplayImage(
	ctx context.Context, product, image int64, allowed func(user int64) bool, requestID string,
) (img catalog.Image, changed catalog.Changed, err error) {
	changed, err = s.transition(ctx, "replay image", product,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			if !allowed(e.UserID) {
				return false, catalog.ErrNoImage
			}
			happened(e, events.ImageRetrying, image, events.Data{Cause: events.CauseRequest})
			var status string
			err := tx.QueryRowContext(ctx, s.db.SQL(
				`SELECT source_url, status FROM images WHERE id = $1 AND product_id = $2{for update}`), image, product).
				Scan(&img.SourceURL, &status)
			switch {
			case err != nil:
				return false, sqldb.NoRow(err, catalog.ErrNoImage)
			case status != string(catalog.Failed):
				return false, fault.New(fault.Conflict, "the image is "+status+"; only a failed one can be replayed")
			}
			img.ID, img.Status = image, catalog.Pending
			return sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(replay()+` WHERE id = $3`), request(ctx, requestID, image)...))
		})
	if fault.KindOf(err) == fault.Conflict && img.SourceURL == "" { // no such product
		return catalog.Image{}, catalog.Changed{}, catalog.ErrNoImage
	}
	return img, changed, err
}

// RefreshImage implements catalog.Store.
func (s *Images) RefreshImage(ctx context.Context, product, image int64, allowed func(user int64) bool, requestID string) error {
	var status string
	var working bool
	_, err := s.transition(ctx, "refresh image", product, func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
		if !allowed(e.UserID) {
			return false, catalog.ErrNoImage
		}
		err := tx.QueryRowContext(ctx, s.db.SQL(
			`SELECT status, stage IS NOT NULL FROM images WHERE id = $1 AND product_id = $2{for update}`), image, product).Scan(&status, &working)
		switch {
		case err != nil:
			return false, sqldb.NoRow(err, catalog.ErrNoImage)
		case status != string(catalog.Ready):
			return false, fault.New(fault.Conflict, "the image is "+status+"; only a ready one can be fetched again")
		}
		return sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(refresh()+` AND id = $3 AND product_id = $4`), request(ctx, requestID, image, product)...))
	})
	switch {
	case working && status == string(catalog.Ready) && fault.KindOf(err) == fault.Conflict: // it is being fetched already
		return nil
	case status == "" && fault.KindOf(err) == fault.Conflict:
		return catalog.ErrNoImage
	default:
		return err
	}
}

// Refresh has those of the images fetched again that are ready and not worked on, and returns
// which. It locks their products in one order before it touches the images, as every change
// of an image does. What the products show does not change.
func Refresh(ctx context.Context, db *sqldb.DB, tx *sql.Tx, images []int64, requestID string) ([]int64, error) {
	marks, args := sqldb.In(1, images)
	_, err := sqldb.IDs(ctx, tx, db.SQL(
		`SELECT id FROM products WHERE id IN (SELECT product_id FROM images WHERE id IN (`+marks+`)) ORDER BY id{for update}`), args...)
	if err != nil {
		return nil, err
	}
	marks, args = sqldb.In(3, images)
	return sqldb.IDs(ctx, tx, db.SQL(refresh()+` AND id IN (`+marks+`) RETURNING id`), request(ctx, requestID, args...)...)
}

// Rebuild implements fsck.Store.
func (s *Images) Rebuild(ctx context.Context, key string, shown bool, limit int) ([]catalog.Changed, error) {
	type found struct{ image, product, generation int64 }
	images, err := sqldb.Select(ctx, s.db, "look for images of a rendition", func(row sqldb.Row, f *found) error {
		return row.Scan(&f.image, &f.product, &f.generation)
	}, `
		SELECT id, product_id, generation FROM images
		WHERE rendition_key = $1 AND status = 'ready' AND NOT (job_kind = 'repair' AND stage IS NOT NULL) ORDER BY id LIMIT $2`, key, limit)
	if err != nil {
		return nil, err
	}
	status := catalog.Pending
	if shown {
		status = catalog.Ready
	}
	var all []catalog.Changed
	for _, f := range images {
		changed, err := s.transition(ctx, "rebuild image", f.product, func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			if !shown {
				happened(e, events.ImageRetrying, f.image, events.Data{Cause: events.CauseRepair})
			}
			return sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(rebuild(status)), f.image, f.generation, key))
		})
		switch {
		case err == nil:
			all = append(all, changed)
		case fault.KindOf(err) != fault.Conflict: // else it was deleted or replayed meanwhile
			return all, err
		}
	}
	return all, nil
}
