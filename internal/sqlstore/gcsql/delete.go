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
	t := of(key)
	err = s.db.InTx(ctx, "begin deletion", func(ctx context.Context, tx *sql.Tx) error {
		// A row of its own, where there is none, remembers the deletion.
		_, err := tx.ExecContext(ctx, s.db.SQL(t.tombstone+` ON CONFLICT (key) DO NOTHING`), key)
		if err != nil {
			return err
		}
		var until, unused, now int64
		err = tx.QueryRowContext(ctx, s.db.SQL(
			`SELECT deleting_until, unused_since, {now} FROM `+t.name+` WHERE key = $1{for update}`), key).
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
			`UPDATE `+t.name+` SET deleting_until = $2 WHERE key = $1 AND `+t.unreferred, key, w.Until.UnixMilli()))
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
		`UPDATE `+of(w.Key).name+` SET deleting_until = {now} WHERE key = $1 AND deleting_until = $2 AND deleting_until > {now}`,
		w.Key, w.Until.UnixMilli())
	return err
}

// PurgeTombstones implements gc.Store.
func (s *Collection) PurgeTombstones(ctx context.Context, limit int) (purged int, err error) {
	for _, t := range []table{renditions(), sources()} {
		n, err := s.db.Exec(ctx, "purge tombstones", fmt.Sprintf(`
			DELETE FROM %[1]s WHERE deleting_until > 0 AND %[2]s AND key IN (
				SELECT key FROM %[1]s WHERE deleting_until > 0 AND deleting_until < {now} - %[3]d AND %[2]s
				ORDER BY deleting_until LIMIT $1)`, t.name, t.unreferred, media.ClaimLife.Milliseconds()), limit-purged)
		if purged += n; err != nil {
			return purged, err
		}
	}
	return purged, nil
}
