package imagesql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/processsql"
)

// Rendition implements media.Store.
func (s *Images) Rendition(ctx context.Context, key string) (r catalog.Rendition, err error) {
	err = s.db.WithRetry(ctx, "read rendition", func(ctx context.Context) error {
		var row Row
		err := s.db.Reader.QueryRowContext(ctx,
			`SELECT key, source_bytes, width, height, placeholder, outputs, notes FROM renditions
			 WHERE key = $1 AND deleting_until = 0`, key).
			Scan(&row.key, &row.sourceBytes, &row.width, &row.height, &row.placeholder, &row.outputs, &row.notes)
		if err != nil {
			return sqldb.NoRow(err, sqldb.NotFound("rendition"))
		}
		r, err = row.rendition()
		return err
	})
	return r, err
}

// Complete implements media.Store. The age of the claim is asked last: with it
// refused, nothing of the transaction is kept.
func (s *Images) Complete(ctx context.Context, c media.Claim, r catalog.Rendition, report func() *processes.Report) (catalog.Changed, error) {
	files, err := json.Marshal(Outputs{Compressed: r.Compressed, Variants: r.Variants})
	if err != nil {
		return catalog.Changed{}, fmt.Errorf("encode outputs: %w", err)
	}
	notes, err := encodeNotes(r.Notes)
	if err != nil {
		return catalog.Changed{}, err
	}
	return s.transition(ctx, "complete image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			what := events.ImageReady
			if c.Shown {
				what = events.ImageRefreshed
			}
			if c.Kind != media.Refresh || !c.Shown || c.Rendition != r.Key { // else its product shows what it did
				work := c.Worked()
				happened(e, what, c.ImageID, events.Data{Attempt: c.Attempt, Work: &work})
			}
			if err := s.publish(ctx, tx, c.BegunAt.UnixMilli(), r, string(files), notes); err != nil {
				return false, err
			}
			completed, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(complete),
				c.ImageID, c.Generation, c.Attempt, r.Key, c.BegunAt.Add(media.ClaimLife).UnixMilli(), c.Source.ETag, c.Source.Modified))
			if err == nil && completed {
				err = processsql.Write(ctx, tx, report())
			}
			return completed, err
		})
}

// publish makes sure that the rendition has a live row, and holds it against
// the collection of its files until the transaction ends. A row that remembers
// a deletion becomes live again only for files that were stored after that.
func (s *Images) publish(ctx context.Context, tx *sql.Tx, begun int64, r catalog.Rendition, files, notes string) error {
	for {
		inserted, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(`
			INSERT INTO renditions (key, source_bytes, width, height, placeholder, outputs, notes, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, {now}) ON CONFLICT (key) DO NOTHING`),
			r.Key, r.SourceBytes, r.Width, r.Height, r.Placeholder, files, notes))
		if err != nil || inserted {
			return err
		}
		// Rows that are shared by many images are only shared here, not written.
		var until, now int64
		err = tx.QueryRowContext(ctx, s.db.SQL(`SELECT deleting_until, {now} FROM renditions WHERE key = $1{for key share}`), r.Key).
			Scan(&until, &now)
		switch {
		case errors.Is(err, sql.ErrNoRows): // its tombstone was purged just now
			continue
		case err != nil || until == 0:
			return err
		case until >= begun:
			return errCollected(time.Duration(until-now) * time.Millisecond)
		}
		revived, err := sqldb.Affected(tx.ExecContext(ctx, `
			UPDATE renditions SET source_bytes = $3, width = $4, height = $5, placeholder = $6, outputs = $7, notes = $8,
			       deleting_until = 0, unused_since = 0
			WHERE key = $1 AND deleting_until = $2`,
			r.Key, until, r.SourceBytes, r.Width, r.Height, r.Placeholder, files, notes))
		if err != nil || revived {
			return err
		}
	}
}

// errCollected ends an attempt whose files were, or may yet be, deleted
// meanwhile: a later attempt stores them again.
func errCollected(remaining time.Duration) error {
	f := fault.Fail(fault.StorageUnavailable, "The stored results were being collected.", nil)
	f.RetryAfter = max(0, remaining) + time.Millisecond
	return f
}

// Row is the image's side of the join; all of it is null for a product
// without images, and the rendition's part for an image that is not ready.
type Row struct {
	ID                          sql.NullInt64
	url, status, reason, detail sql.NullString
	alt, refreshError           sql.NullString
	position, created, updated  sql.NullInt64
	attempts                    sql.NullInt64
	key, placeholder            sql.NullString
	outputs, notes              sql.NullString
	sourceBytes, width, height  sql.NullInt64
}

// Shown is the status of image i as the product shows it: a pending image is
// processing once it is begun.
const Shown = `CASE WHEN i.status = 'pending' AND i.lease_until > 0 THEN 'processing' ELSE i.status END`

// Columns of image i and rendition r, in the order of Fields.
const Columns = `i.id, i.source_url, i.position, i.alt, ` + Shown + `,
		       CASE i.status WHEN 'ready' THEN i.shown_attempts ELSE i.attempts END, i.reason, i.reason_detail, i.refresh_error, i.created_at, i.updated_at,
		       r.key, r.source_bytes, r.width, r.height, r.placeholder, r.outputs, r.notes`

// Fields are where Columns are scanned to.
func (r *Row) Fields() []any {
	return []any{
		&r.ID, &r.url, &r.position, &r.alt, &r.status, &r.attempts, &r.reason, &r.detail, &r.refreshError, &r.created, &r.updated,
		&r.key, &r.sourceBytes, &r.width, &r.height, &r.placeholder, &r.outputs, &r.notes,
	}
}

// Image returns the row as an image, with its rendition where it has one.
func (r *Row) Image() (catalog.Image, error) {
	img := catalog.Image{
		ID: r.ID.Int64, SourceURL: r.url.String, Position: int(r.position.Int64), Alt: r.alt.String,
		Status: catalog.Status(r.status.String), Attempts: int(r.attempts.Int64),
		RefreshError: fault.Reason(r.refreshError.String),
		CreatedAt:    sqldb.Time(r.created.Int64), UpdatedAt: sqldb.Time(r.updated.Int64),
	}
	if r.reason.String != "" {
		img.Problem = &catalog.Problem{Reason: fault.Reason(r.reason.String), Detail: r.detail.String}
	}
	if !r.key.Valid {
		return img, nil
	}
	rendition, err := r.rendition()
	img.Rendition = &rendition
	return img, err
}

func (r *Row) rendition() (catalog.Rendition, error) {
	files, err := ReadOutputs(r.outputs.String)
	if err != nil {
		return catalog.Rendition{}, fmt.Errorf("rendition %s: %w", r.key.String, err)
	}
	var notes []catalog.Note
	if err := json.Unmarshal([]byte(r.notes.String), &notes); err != nil {
		return catalog.Rendition{}, fmt.Errorf("notes of rendition %s: %w", r.key.String, err)
	}
	return catalog.Rendition{
		Key: r.key.String, SourceBytes: r.sourceBytes.Int64, Width: int(r.width.Int64), Height: int(r.height.Int64),
		Placeholder: r.placeholder.String, Compressed: files.Compressed, Variants: files.Variants,
		Notes: notes,
	}, nil
}

// Outputs is what the column of that name holds.
type Outputs struct {
	Compressed catalog.Output   `json:"compressed"`
	Variants   []catalog.Output `json:"variants"`
}

// ReadOutputs reads that column: what is published of a rendition, nothing else.
func ReadOutputs(text string) (catalog.Rendition, error) {
	var files Outputs
	if err := json.Unmarshal([]byte(text), &files); err != nil {
		return catalog.Rendition{}, fmt.Errorf("outputs: %w", err)
	}
	return catalog.Rendition{Compressed: files.Compressed, Variants: files.Variants}, nil
}

// encodeNotes is what the column of that name holds: a list, perhaps an empty
// one.
func encodeNotes(notes []catalog.Note) (string, error) {
	text, err := json.Marshal(append([]catalog.Note{}, notes...))
	if err != nil {
		return "", fmt.Errorf("encode notes: %w", err)
	}
	return string(text), nil
}
