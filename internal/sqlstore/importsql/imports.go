package importsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/jobsql"
)

// Bulk implements imports.Store.
type Bulk struct{ db *sqldb.DB }

// New returns the imports of the database.
func New(db *sqldb.DB) *Bulk { return &Bulk{db} }

const (
	ordered  = ` user_id, file, sha256, bytes, head, policy, mode, dry_run, phase, at_offset, at_line`
	counted  = ` rows_read, rows_created, rows_updated, rows_unchanged, rows_failed, rows_superseded, images_waiting, images_ready, images_failed`
	selected = `SELECT` + jobsql.Columns + `,` + ordered + `,` + counted + `, speed, stepped_at, looked_line, looked_at
		FROM imports JOIN dead_jobs ON id = job_id`
)

// found is a row of selected.
type found struct {
	imports.Import

	lookedLine int64
	lookedAt   int64
}

func scan(row interface{ Scan(into ...any) error }) (f found, err error) {
	var head string
	var dry, stepped int64
	f.Job, err = jobsql.Scan(row,
		&f.UserID, &f.Key, &f.SHA256, &f.Bytes, &head, &f.Policy, &f.Mode, &dry, &f.Phase, &f.At.Offset, &f.At.Line,
		&f.Read, &f.Created, &f.Updated, &f.Unchanged, &f.Failed, &f.Superseded, &f.ImagesWaiting, &f.ImagesReady, &f.ImagesFailed,
		&f.Speed, &stepped, &f.lookedLine, &f.lookedAt)
	if fault.KindOf(err) == fault.NotFound {
		return f, sqldb.NotFound("import")
	}
	if err != nil {
		return f, err
	}
	if f.DryRun = dry == 1; stepped > 0 {
		f.SteppedAt = sqldb.Time(stepped)
	}
	if err := json.Unmarshal([]byte(head), &f.Head); err != nil {
		return f, fmt.Errorf("head of the file of import %d: %w", f.ID, err)
	}
	return f, nil
}

// AddImport implements imports.Store. The user's row is locked before the erasure of a user can
// mark it.
func (s *Bulk) AddImport(ctx context.Context, i imports.Import) (made imports.Import, err error) {
	head, err := json.Marshal(i.Head)
	if err != nil {
		return made, fmt.Errorf("encode the head of a file: %w", err)
	}
	err = s.db.InTx(ctx, "add import", func(ctx context.Context, tx *sql.Tx) error {
		var now int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT {now} FROM users WHERE id = $1 AND erasing_at = 0{for key share}`), i.UserID).Scan(&now)
		if err != nil {
			return sqldb.NoRow(err, catalog.ErrUnknownUser)
		}
		i.AsOf = sqldb.Time(now)
		made = i
		if made.Job, err = jobsql.Create(ctx, s.db, tx, i.Job); err != nil {
			return err
		}
		dry := 0
		if i.DryRun {
			dry = 1
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO imports (job_id,`+ordered+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			made.ID, i.UserID, i.Key, i.SHA256, i.Bytes, string(head), string(i.Policy), string(i.Mode), dry, string(i.Phase), i.At.Offset, i.At.Line)
		return err
	})
	return made, err
}

// Import implements imports.Store.
func (s *Bulk) Import(ctx context.Context, id int64) (i imports.Import, err error) {
	err = s.db.WithRetry(ctx, "read import", func(ctx context.Context) error {
		f, err := scan(s.db.Reader.QueryRowContext(ctx, selected+` WHERE job_id = $1`, id))
		i = f.Import
		return err
	})
	return i, err
}

// Imports implements imports.Store.
func (s *Bulk) Imports(ctx context.Context, user, before int64, limit int) ([]imports.Import, error) {
	var where sqldb.Where
	if user != 0 {
		where.Add("user_id = ?", user)
	}
	if before != 0 {
		where.Add("job_id < ?", before)
	}
	return sqldb.Select(ctx, s.db, "list imports", func(row sqldb.Row, i *imports.Import) error {
		f, err := scan(row)
		*i = f.Import
		return err
	}, selected+where.String()+` ORDER BY job_id DESC LIMIT `+where.Arg(limit), where.Args...)
}

// PauseImport implements imports.Store.
func (s *Bulk) PauseImport(ctx context.Context, id int64) (imports.Import, error) {
	return s.change(ctx, "pause import", id, func(ctx context.Context, tx *sql.Tx, _ found) error {
		_, err := jobsql.Move(ctx, s.db, tx, id, job.Running, job.Paused)
		return err
	})
}

// ResumeImport implements imports.Store.
func (s *Bulk) ResumeImport(ctx context.Context, id int64) (imports.Import, error) {
	return s.change(ctx, "resume import", id, func(ctx context.Context, tx *sql.Tx, _ found) error {
		_, err := jobsql.Move(ctx, s.db, tx, id, job.Paused, job.Running)
		return err
	})
}

// CancelImport implements imports.Store.
func (s *Bulk) CancelImport(ctx context.Context, id int64, images bool) (imports.Import, error) {
	return s.change(ctx, "cancel import", id, func(ctx context.Context, tx *sql.Tx, f found) error {
		switch {
		case f.Job.State != job.Running && f.Job.State != job.Paused:
			return nil
		case !images:
			_, err := jobsql.Abort(ctx, s.db, tx, id)
			return err
		}
		if _, err := jobsql.Move(ctx, s.db, tx, id, job.Paused, job.Running); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE imports SET phase = $2, looked_line = 0, speed = 0 WHERE job_id = $1`, id, string(imports.Cancelling))
		return err
	})
}

// change changes the import, whose job is locked, and returns it as it is then.
func (s *Bulk) change(
	ctx context.Context, operation string, id int64, do func(context.Context, *sql.Tx, found) error,
) (i imports.Import, err error) {
	err = s.db.InTx(ctx, operation, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := sqldb.IDs(ctx, tx, s.db.SQL(`SELECT id FROM dead_jobs WHERE id = $1{for update}`), id); err != nil {
			return err
		}
		f, err := scan(tx.QueryRowContext(ctx, selected+` WHERE job_id = $1`, id))
		if err != nil {
			return err
		}
		if err := do(ctx, tx, f); err != nil {
			return err
		}
		f, err = scan(tx.QueryRowContext(ctx, selected+` WHERE job_id = $1`, id))
		i = f.Import
		return err
	})
	return i, err
}

// PurgeImports implements imports.Store.
func (s *Bulk) PurgeImports(ctx context.Context, limit int) (int, error) {
	const purged = ` FROM imports WHERE NOT EXISTS (SELECT 1 FROM dead_jobs WHERE id = job_id)`
	removed, err := s.db.Exec(ctx, "purge results of imports", `
		DELETE FROM import_rows WHERE (import_id, line) IN (
			SELECT import_id, line FROM import_rows WHERE import_id IN (SELECT job_id`+purged+`) LIMIT $1)`, limit)
	if err != nil || removed > 0 {
		return removed, err
	}
	return s.db.Exec(ctx, "purge imports", `DELETE FROM imports WHERE job_id IN (SELECT job_id`+purged+` LIMIT $1)
		AND NOT EXISTS (SELECT 1 FROM import_rows WHERE import_id = job_id)`, limit)
}

// ImportFiles implements imports.Store.
func (s *Bulk) ImportFiles(ctx context.Context, keys []string) ([]string, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	table, arg := s.db.Texts(1, "key", keys)
	return sqldb.Select(ctx, s.db, "look up files of imports", func(row sqldb.Row, key *string) error { return row.Scan(key) },
		`SELECT file FROM imports JOIN dead_jobs ON id = job_id JOIN `+table+` ON file = v.key WHERE state IN ('running', 'paused')`, arg)
}

// since is how long ago the time was, in milliseconds, by the database's clock.
func since(now time.Time, ms int64) time.Duration { return now.Sub(sqldb.Time(ms)) }
