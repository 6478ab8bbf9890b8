package gcsql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// BeginDelete implements gc.Store. It holds the row before it looks who refers to
// it: whoever completes with the rendition holds the row too, so that one of
// the two sees what the other has written.
func (s *Collection) BeginDelete(ctx context.Context, key string, grace, window time.Duration) (w gc.Window, err error) {
	err = s.db.InTx(ctx, "begin deletion", func(ctx context.Context, tx *sql.Tx) error {
		// A row of its own, where there is none, remembers the deletion.
		_, err := tx.ExecContext(ctx, s.db.SQL(`
			INSERT INTO renditions (key, source_bytes, width, height, placeholder, outputs, created_at, deleting_until)
			VALUES ($1, 0, 0, 0, '', '{}', {now}, 1) ON CONFLICT (key) DO NOTHING`), key)
		if err != nil {
			return err
		}
		var until, unused, now int64
		err = tx.QueryRowContext(ctx, s.db.SQL(
			`SELECT deleting_until, unused_since, {now} FROM renditions WHERE key = $1{for update}`), key).
			Scan(&until, &unused, &now)
		switch {
		case err != nil:
			return sqldb.NoRow(err, fault.New(fault.Conflict, "the tombstone of the rendition was purged just now"))
		case until > now:
			return fault.New(fault.Conflict, "the rendition is being collected already")
		case until == 0 && (unused == 0 || unused > now-grace.Milliseconds()):
			return fault.New(fault.Conflict, "the rendition is in use, or was a short while ago")
		}
		w = gc.Window{Key: key, Until: sqldb.Time(now + window.Milliseconds())}
		begun, err := sqldb.Affected(tx.ExecContext(ctx,
			`UPDATE renditions SET deleting_until = $2 WHERE key = $1 AND `+unreferred, key, w.Until.UnixMilli()))
		if err == nil && !begun {
			return fault.New(fault.Conflict, "an image refers to the rendition")
		}
		return err
	})
	return w, err
}

// CloseWindow implements gc.Store.
func (s *Collection) CloseWindow(ctx context.Context, w gc.Window) error {
	_, err := s.db.Exec(ctx, "close window",
		`UPDATE renditions SET deleting_until = {now} WHERE key = $1 AND deleting_until = $2 AND deleting_until > {now}`,
		w.Key, w.Until.UnixMilli())
	return err
}

// PurgeTombstones implements gc.Store.
func (s *Collection) PurgeTombstones(ctx context.Context, limit int) (purged int, err error) {
	return s.db.Exec(ctx, "purge tombstones", fmt.Sprintf(`
		DELETE FROM renditions WHERE deleting_until > 0 AND `+unreferred+` AND key IN (
			SELECT key FROM renditions WHERE deleting_until > 0 AND deleting_until < {now} - %d AND `+unreferred+`
			ORDER BY deleting_until LIMIT $1)`, media.ClaimLife.Milliseconds()), limit)
}
