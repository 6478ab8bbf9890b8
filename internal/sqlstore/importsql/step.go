package importsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/jobsql"
)

// lock reads an import whose job the batch has leased, under a lock of the job and then of the
// user; where the user is being erased, or is not there any more, the job is aborted.
func (s *Bulk) lock(ctx context.Context, tx *sql.Tx, b job.Batch) (f found, now time.Time, err error) {
	if _, _, _, err = jobsql.Lock(ctx, s.db, tx, b); err != nil {
		return f, now, err
	}
	f, err = scan(tx.QueryRowContext(ctx, selected+` WHERE job_id = $1`, b.JobID))
	var ms, erasing int64
	if err == nil {
		err = tx.QueryRowContext(ctx, s.db.SQL(`SELECT {now}, erasing_at FROM users WHERE id = $1{for key share}`), f.UserID).Scan(&ms, &erasing)
		err = sqldb.NoRow(err, catalog.ErrUnknownUser)
	}
	if fault.KindOf(err) == fault.NotFound || errors.Is(err, catalog.ErrUnknownUser) || erasing > 0 {
		f.Job, err = jobsql.Abort(ctx, s.db, tx, b.JobID)
	}
	return f, sqldb.Time(ms), err
}

// write writes how far the import is.
func (s *Bulk) write(ctx context.Context, tx *sql.Tx, f *found) error {
	stepped := int64(0)
	if !f.SteppedAt.IsZero() {
		stepped = f.SteppedAt.UnixMilli()
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE imports SET phase = $2, at_offset = $3, at_line = $4, rows_read = $5, rows_created = $6, rows_updated = $7, rows_unchanged = $8,
			rows_failed = $9, rows_superseded = $10, images_waiting = $11, images_ready = $12, images_failed = $13, speed = $14, stepped_at = $15,
			looked_line = $16, looked_at = $17
		WHERE job_id = $1`,
		f.ID, string(f.Phase), f.At.Offset, f.At.Line, f.Read, f.Created, f.Updated, f.Unchanged,
		f.Failed, f.Superseded, f.ImagesWaiting, f.ImagesReady, f.ImagesFailed, f.Speed, stepped, f.lookedLine, f.lookedAt)
	return err
}

// end finishes the job of an import that has ended, and advances any other one by so many images.
func (s *Bulk) end(ctx context.Context, tx *sql.Tx, f found, b job.Batch, images int64) (job.Job, error) {
	if !f.Over() {
		return jobsql.Advance(ctx, s.db, tx, b, images, 0, "")
	}
	if f.Phase == imports.Cancelled {
		return jobsql.Abort(ctx, s.db, tx, f.ID)
	}
	done, err := jobsql.Finish(ctx, s.db, tx, f.ID)
	if err != nil {
		return done, err
	}
	f.Job = done
	return done, eventsql.Append(ctx, s.db, tx, events.Event{
		Type: events.ImportCompleted, UserID: f.UserID, Data: events.Data{Import: f.ID, State: string(f.State())},
	})
}
