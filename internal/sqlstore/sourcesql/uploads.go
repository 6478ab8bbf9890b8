package sourcesql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/upload"
)

// AddUpload implements upload.Store. The user's row is locked, so that no one begins an upload who is
// being erased.
func (s *Sources) AddUpload(ctx context.Context, u upload.Upload, life time.Duration, most int) (upload.Upload, error) {
	err := s.db.InTx(ctx, "add upload", func(ctx context.Context, tx *sql.Tx) error {
		var id int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT id FROM users WHERE id = $1 AND erasing_at = 0{for update}`), u.UserID).Scan(&id)
		if err != nil {
			return sqldb.NoRow(err, catalog.ErrUnknownUser)
		}
		var waiting int
		err = tx.QueryRowContext(ctx, s.db.SQL(`SELECT count(*) FROM (
			SELECT 1 FROM uploads WHERE user_id = $1 AND stored = 0 AND expires_at > {now} LIMIT $2) AS waiting`), u.UserID, most).Scan(&waiting)
		if err != nil {
			return err
		}
		if waiting >= most {
			return upload.ErrMany
		}
		var created, expires int64
		err = tx.QueryRowContext(ctx, s.db.SQL(`
			INSERT INTO uploads (id, user_id, source_key, bytes, created_at, expires_at) VALUES ($1, $2, $3, $4, {now}, {now} + $5)
			RETURNING created_at, expires_at`), u.ID, u.UserID, blob.SourceKey(u.Sum), u.Bytes, life.Milliseconds()).Scan(&created, &expires)
		u.CreatedAt, u.ExpiresAt = sqldb.Time(created), sqldb.Time(expires)
		return err
	})
	return u, err
}

// Upload implements upload.Store.
func (s *Sources) Upload(ctx context.Context, id string) (u upload.Upload, err error) {
	err = s.db.WithRetry(ctx, "read upload", func(ctx context.Context) error {
		var key string
		var created, expires int64
		err := s.db.Reader.QueryRowContext(ctx, s.db.SQL(`
			SELECT id, user_id, source_key, bytes, stored = 1, created_at, expires_at FROM uploads WHERE id = $1 AND expires_at > {now}`), id).
			Scan(&u.ID, &u.UserID, &key, &u.Bytes, &u.Stored, &created, &expires)
		if err != nil {
			return sqldb.NoRow(err, sqldb.NotFound("upload"))
		}
		u.CreatedAt, u.ExpiresAt = sqldb.Time(created), sqldb.Time(expires)
		if n, err := hex.Decode(u.Sum[:], []byte(strings.TrimPrefix(key, blob.Sources))); err != nil || n != len(u.Sum) {
			return fmt.Errorf("source of upload %s: %q", id, key)
		}
		return nil
	})
	return u, err
}

// CompleteUpload implements upload.Store.
func (s *Sources) CompleteUpload(ctx context.Context, id string, stored catalog.Source) error {
	return s.db.InTx(ctx, "complete upload", func(ctx context.Context, tx *sql.Tx) error {
		if err := keep(ctx, s.db, tx, blob.SourceKey(stored.Sum), stored); err != nil {
			return err
		}
		completed, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(
			`UPDATE uploads SET stored = 1 WHERE id = $1 AND source_key = $2 AND expires_at > {now}`), id, blob.SourceKey(stored.Sum)))
		if err == nil && !completed {
			return sqldb.NotFound("upload")
		}
		return err
	})
}

// ExpireUploads implements upload.Store.
func (s *Sources) ExpireUploads(ctx context.Context, limit int) (removed int, err error) {
	return s.db.Exec(ctx, "expire uploads", `
		DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE expires_at <= {now} ORDER BY expires_at LIMIT $1)`, limit)
}
