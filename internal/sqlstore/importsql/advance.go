package importsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/catalogsql"
)

const (
	// tries bounds how often a chunk is tried again that others overtook: each has then taken an
	// external id.
	tries = 10
	// lookEvery is how often images are looked at while rows are written.
	lookEvery = time.Second
)

// AdvanceImport implements imports.Store.
func (s *Bulk) AdvanceImport(ctx context.Context, b job.Batch, c imports.Chunk) (i imports.Import, changed []catalog.Changed, err error) {
	for range tries {
		err = s.db.InTxNotify(ctx, "advance import", func(ctx context.Context, tx *sql.Tx) error {
			i, changed, err = s.advance(ctx, tx, b, c)
			return err
		})
		if !errors.Is(err, catalog.ErrExternalIDTaken) {
			return i, changed, err
		}
	}
	return i, nil, fault.Wrap(fault.Unavailable, "others write the same products all the time", err)
}

func (s *Bulk) advance(ctx context.Context, tx *sql.Tx, b job.Batch, c imports.Chunk) (i imports.Import, changed []catalog.Changed, err error) {
	f, now, err := s.lock(ctx, tx, b)
	if err != nil || f.Job.State != job.Running || !f.Awaits(c) {
		return f.Import, nil, err
	}
	var written []catalog.Written
	var earlier map[string]imports.Result
	if f.Phase == imports.Writing {
		if earlier, err = s.earlier(ctx, tx, f.ID, c.ExternalIDs()); err != nil {
			return i, nil, err
		}
		if written, err = catalogsql.WriteAll(ctx, s.db, tx, f.UserID, c.Entries(earlier)); err != nil {
			return i, nil, err
		}
	}
	var images int64
	for _, w := range written {
		if images += int64(w.Images); w.Outcome == catalog.Created || w.Outcome == catalog.Updated {
			changed = append(changed, w.Changed)
		}
	}
	results, superseded := f.Take(c, written, earlier, now)
	if err := s.record(ctx, tx, f.ID, results, superseded); err != nil {
		return i, nil, err
	}
	if since(now, f.lookedAt) >= lookEvery && f.Phase == imports.Writing {
		if _, err := s.look(ctx, tx, &f, now); err != nil {
			return i, nil, err
		}
	}
	if f.Rate > 0 { // it sleeps for that long
		b.Lease += time.Duration(images) * time.Second / time.Duration(f.Rate)
	}
	if err := s.write(ctx, tx, &f); err != nil {
		return i, nil, err
	}
	if f.Job, err = s.end(ctx, tx, f, b, images); err != nil {
		return i, nil, err
	}
	failpoint.Crash(failpoint.InImport)
	return f.Import, changed, nil
}

// earlier are the last results of the external ids.
func (s *Bulk) earlier(ctx context.Context, tx *sql.Tx, id int64, external []string) (map[string]imports.Result, error) {
	all := make(map[string]imports.Result)
	if len(external) == 0 {
		return all, nil
	}
	table, arg := s.db.Texts(2, "external", external)
	lines, err := sqldb.Found(ctx, tx, linesByExternalID(table), id, arg)
	if err != nil || len(lines) == 0 {
		return all, err
	}
	marks, args := sqldb.In(2, lines)
	list, err := sqldb.Collect(ctx, tx, scanResult,
		`SELECT`+resultColumns+` FROM import_rows WHERE import_id = $1 AND line IN (`+marks+`)`, append([]any{id}, args...)...)
	for _, r := range list {
		all[r.ExternalID] = r
	}
	return all, err
}

// linesByExternalID looks up each by itself, as of products. There is one at most: those before it
// are superseded.
func linesByExternalID(table string) string {
	return `SELECT (SELECT line FROM import_rows WHERE import_id = $1 AND external_id = v.external
		AND outcome NOT IN ('failed', 'superseded') LIMIT 1) FROM ` + table
}

const resultColumns = ` line, coalesce(external_id, ''), product_id, outcome, errors, images_waiting, images_ready, images_failed`

func scanResult(row sqldb.Row, r *imports.Result) error {
	var bad string
	if err := row.Scan(&r.Line, &r.ExternalID, &r.ProductID, &r.Outcome, &bad, &r.ImagesWaiting, &r.ImagesReady, &r.ImagesFailed); err != nil || bad == "" {
		return err
	}
	if err := json.Unmarshal([]byte(bad), &r.Errors); err != nil {
		return fmt.Errorf("errors of line %d: %w", r.Line, err)
	}
	return nil
}

// ImportResults implements imports.Store.
func (s *Bulk) ImportResults(ctx context.Context, id, line int64, limit int) ([]imports.Result, error) {
	return sqldb.Select(ctx, s.db, "read results of import", scanResult,
		`SELECT`+resultColumns+` FROM import_rows WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3`, id, line, limit)
}

// record writes the results, and which of earlier rows are superseded.
func (s *Bulk) record(ctx context.Context, tx *sql.Tx, id int64, results []imports.Result, superseded []int64) error {
	if len(superseded) > 0 {
		marks, args := sqldb.In(2, superseded)
		_, err := tx.ExecContext(ctx, s.db.SQL(`UPDATE import_rows SET outcome = 'superseded', images_waiting = 0, images_ready = 0, images_failed = 0
			WHERE import_id = $1 AND line IN (`+marks+`)`), append([]any{id}, args...)...)
		if err != nil {
			return err
		}
	}
	if len(results) == 0 {
		return nil
	}
	rows := make([][]any, len(results))
	for n, r := range results {
		bad := ""
		if len(r.Errors) > 0 {
			text, err := json.Marshal(r.Errors)
			if err != nil {
				return fmt.Errorf("encode errors of a row: %w", err)
			}
			bad = string(text)
		}
		external := sql.NullString{String: r.ExternalID, Valid: r.ExternalID != ""}
		rows[n] = []any{id, r.Line, external, r.ProductID, string(r.Outcome), bad, r.ImagesWaiting, r.ImagesReady, r.ImagesFailed}
	}
	values, args := s.db.Tuples("(%s)", rows)
	_, err := tx.ExecContext(ctx, s.db.SQL(`INSERT INTO import_rows
		(import_id, line, external_id, product_id, outcome, errors, images_waiting, images_ready, images_failed) VALUES `+values), args...)
	return err
}

// RefuseImport implements imports.Store.
func (s *Bulk) RefuseImport(ctx context.Context, b job.Batch) (i imports.Import, err error) {
	err = s.db.InTxNotify(ctx, "refuse import", func(ctx context.Context, tx *sql.Tx) error {
		f, _, err := s.lock(ctx, tx, b)
		if err == nil && f.Job.State == job.Running {
			f.Phase = imports.Refused
			if err = s.write(ctx, tx, &f); err == nil {
				f.Job, err = s.end(ctx, tx, f, b, 0)
			}
		}
		i = f.Import
		return err
	})
	return i, err
}
