package importsql

import (
	"context"
	"database/sql"
	"time"

	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

const (
	// mostLooked is how many rows one step looks at, and mostCancelled at how many where it makes
	// their images fail: each has up to catalog.MaxImages, and the transaction is to be short.
	mostLooked    = 1000
	mostCancelled = 50
)

// LookAtImages implements imports.Store.
func (s *Bulk) LookAtImages(
	ctx context.Context, b job.Batch, failure *fault.Failure,
) (i imports.Import, changed []catalog.Changed, napping bool, err error) {
	err = s.db.InTxNotify(ctx, "look at images of import", func(ctx context.Context, tx *sql.Tx) error {
		changed, napping = nil, false
		f, now, err := s.lock(ctx, tx, b)
		if i = f.Import; err != nil || f.Job.State != job.Running {
			return err
		}
		if f.Phase == imports.Cancelling {
			if changed, err = s.cancel(ctx, tx, f, failure); err != nil {
				return err
			}
		}
		round, err := s.look(ctx, tx, &f, now)
		if err != nil {
			return err
		}
		if err := s.write(ctx, tx, &f); err != nil {
			return err
		}
		if napping = round && !f.Over(); napping {
			b.Lease = f.Nap()
		}
		f.Job, err = s.end(ctx, tx, f, b, 0)
		i = f.Import
		return err
	})
	return i, changed, napping, err
}

// waiting is a row whose images were not all terminal.
type waiting struct {
	line, product int64
	imports.ImageCounts
}

func (s *Bulk) waiting(ctx context.Context, tx *sql.Tx, f found) ([]waiting, error) {
	limit := mostLooked
	if f.Phase == imports.Cancelling {
		limit = mostCancelled
	}
	return sqldb.Collect(ctx, tx, func(row sqldb.Row, w *waiting) error {
		return row.Scan(&w.line, &w.product, &w.ImagesWaiting, &w.ImagesReady, &w.ImagesFailed)
	}, selectWaiting, f.ID, f.lookedLine, limit)
}

const selectWaiting = `
	SELECT line, product_id, images_waiting, images_ready, images_failed FROM import_rows
	WHERE import_id = $1 AND line > $2 AND images_waiting > 0 ORDER BY line LIMIT $3`

func products(rows []waiting) []int64 {
	ids := make([]int64, len(rows))
	for n, w := range rows {
		ids[n] = w.product
	}
	return ids
}

// look counts where the images of the next rows are; round says that it has come to the last one.
func (s *Bulk) look(ctx context.Context, tx *sql.Tx, f *found, now time.Time) (round bool, err error) {
	rows, err := s.waiting(ctx, tx, *f)
	if err != nil {
		return false, err
	}
	f.lookedAt, f.lookedLine = now.UnixMilli(), 0
	if round = len(rows) < mostCancelled || len(rows) < mostLooked && f.Phase != imports.Cancelling; !round {
		f.lookedLine = rows[len(rows)-1].line
	}
	by := imports.ImageCounts{}
	if len(rows) > 0 {
		of, err := imagesOf(ctx, s.db, tx, f.Import, products(rows))
		if err != nil {
			return false, err
		}
		var moved [][]int64
		for _, w := range rows {
			if is := of[w.product]; is != w.ImageCounts {
				by = by.Plus(is, 1).Plus(w.ImageCounts, -1)
				moved = append(moved, []int64{w.line, is.ImagesWaiting, is.ImagesReady, is.ImagesFailed})
			}
		}
		if err := s.moved(ctx, tx, f.ID, moved); err != nil {
			return false, err
		}
	}
	f.Looked(by, round, now)
	return round, nil
}

// imagesOf counts the images that the import has asked for, by their products. Those that were
// removed since are none.
func imagesOf(ctx context.Context, db *sqldb.DB, tx *sql.Tx, i imports.Import, products []int64) (map[int64]imports.ImageCounts, error) {
	statement, args := countImages(db, i.RequestID(), products)
	all := make(map[int64]imports.ImageCounts, len(products))
	_, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, _ *struct{}) error {
		var product int64
		var c imports.ImageCounts
		err := row.Scan(&product, &c.ImagesWaiting, &c.ImagesReady, &c.ImagesFailed)
		all[product] = c
		return err
	}, statement, args...)
	return all, err
}

// countImages counts those of each product by itself, as linesByExternalID looks up lines.
func countImages(db *sqldb.DB, requestID string, products []int64) (statement string, args []any) {
	rows := make([][]int64, len(products))
	for n, id := range products {
		rows[n] = []int64{id}
	}
	table, list := db.Numbers(2, []string{"id"}, rows)
	of := func(s catalog.Status) string {
		return `(SELECT count(*) FROM images WHERE product_id = v.id AND request_id = $1 AND status = '` + string(s) + `')`
	}
	return `SELECT id, ` + of(catalog.Pending) + `, ` + of(catalog.Ready) + `, ` + of(catalog.Failed) + ` FROM ` + table, append([]any{requestID}, list...)
}

func (s *Bulk) moved(ctx context.Context, tx *sql.Tx, id int64, rows [][]int64) error {
	if len(rows) == 0 {
		return nil
	}
	table, args := s.db.Numbers(2, []string{"row_line", "waiting", "ready", "failed"}, rows)
	_, err := tx.ExecContext(ctx, s.db.SQL(`UPDATE import_rows SET images_waiting = v.waiting, images_ready = v.ready, images_failed = v.failed
		FROM `+table+` WHERE import_id = $1 AND line = v.row_line`), append([]any{id}, args...)...)
	return err
}

// cancel makes images of the next rows fail that no worker has begun.
func (s *Bulk) cancel(ctx context.Context, tx *sql.Tx, f found, failure *fault.Failure) ([]catalog.Changed, error) {
	rows, err := s.waiting(ctx, tx, f)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return imagesql.Cancel(ctx, s.db, tx, products(rows), f.RequestID(), failure)
}
