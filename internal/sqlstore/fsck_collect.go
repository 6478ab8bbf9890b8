package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// unreferred is the condition that no image refers to a rendition.
const unreferred = `NOT EXISTS (SELECT 1 FROM images i WHERE i.rendition_key = renditions.key)`

// MarkUnused implements gc.Store.
func (s *Store) MarkUnused(ctx context.Context, from, below string) error {
	return s.InTx(ctx, "mark unused renditions", func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range []string{
			`UPDATE renditions SET unused_since = {now}
			 WHERE key >= $1 AND key < $2 AND unused_since = 0 AND deleting_until = 0 AND ` + unreferred,
			`UPDATE renditions SET unused_since = 0
			 WHERE key >= $1 AND key < $2 AND unused_since > 0 AND NOT ` + unreferred,
		} {
			if _, err := tx.ExecContext(ctx, s.SQL(statement), from, below); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unused implements gc.Store.
func (s *Store) Unused(ctx context.Context, after string, grace time.Duration, limit int) ([]gc.Rendition, error) {
	return s.renditions(ctx, `
		WHERE key > $1 AND unused_since > 0 AND unused_since <= {now} - $2 AND deleting_until = 0 AND `+unreferred+`
		ORDER BY key LIMIT $3`, after, grace.Milliseconds(), limit)
}

// BeginDelete implements gc.Store. It holds the row before it looks who refers to
// it: whoever completes with the rendition holds the row too, so that one of
// the two sees what the other has written.
func (s *Store) BeginDelete(ctx context.Context, key string, grace, window time.Duration) (w gc.Window, err error) {
	err = s.InTx(ctx, "condemn rendition", func(ctx context.Context, tx *sql.Tx) error {
		// A row of its own, where there is none, remembers the deletion.
		_, err := tx.ExecContext(ctx, s.SQL(`
			INSERT INTO renditions (key, source_bytes, width, height, placeholder, outputs, created_at, deleting_until)
			VALUES ($1, 0, 0, 0, '', '{}', {now}, 1) ON CONFLICT (key) DO NOTHING`), key)
		if err != nil {
			return err
		}
		var until, unused, now int64
		err = tx.QueryRowContext(ctx, s.SQL(
			`SELECT deleting_until, unused_since, {now} FROM renditions WHERE key = $1{for update}`), key).
			Scan(&until, &unused, &now)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fault.New(fault.Conflict, "the rendition was forgotten just now")
		case err != nil:
			return err
		case until > now:
			return fault.New(fault.Conflict, "the rendition is being collected already")
		case until == 0 && (unused == 0 || unused > now-grace.Milliseconds()):
			return fault.New(fault.Conflict, "the rendition is in use, or was a short while ago")
		}
		w = gc.Window{Key: key, Until: sqldb.Time(now + window.Milliseconds())}
		condemned, err := sqldb.Affected(tx.ExecContext(ctx,
			`UPDATE renditions SET deleting_until = $2 WHERE key = $1 AND `+unreferred, key, w.Until.UnixMilli()))
		if err == nil && !condemned {
			return fault.New(fault.Conflict, "an image refers to the rendition")
		}
		return err
	})
	return w, err
}

// CloseWindow implements gc.Store.
func (s *Store) CloseWindow(ctx context.Context, w gc.Window) error {
	return s.WithRetry(ctx, "close window", func(ctx context.Context) error {
		_, err := s.Writer.ExecContext(ctx, s.SQL(
			`UPDATE renditions SET deleting_until = {now} WHERE key = $1 AND deleting_until = $2 AND deleting_until > {now}`),
			w.Key, w.Until.UnixMilli())
		return err
	})
}

// PurgeTombstones implements gc.Store.
func (s *Store) PurgeTombstones(ctx context.Context, limit int) (forgotten int, err error) {
	err = s.WithRetry(ctx, "forget deletions", func(ctx context.Context) error {
		result, err := s.Writer.ExecContext(ctx, s.SQL(fmt.Sprintf(`
			DELETE FROM renditions WHERE deleting_until > 0 AND `+unreferred+` AND key IN (
				SELECT key FROM renditions WHERE deleting_until > 0 AND deleting_until < {now} - %d AND `+unreferred+`
				ORDER BY deleting_until LIMIT $1)`, media.ClaimLife.Milliseconds())), limit)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		forgotten = int(n)
		return err
	})
	return forgotten, err
}

// MarkBroken implements fsck.Store. It waits for those who are completing with the
// rendition, so that Rebuild sees their images.
func (s *Store) MarkBroken(ctx context.Context, key string) error {
	return s.InTx(ctx, "break rendition", func(ctx context.Context, tx *sql.Tx) error {
		var until int64
		err := tx.QueryRowContext(ctx, s.SQL(`SELECT deleting_until FROM renditions WHERE key = $1{for update}`), key).Scan(&until)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.SQL(`UPDATE renditions SET deleting_until = {now} WHERE key = $1 AND deleting_until < {now}`), key)
		return err
	})
}

// Rebuild implements fsck.Store.
func (s *Store) Rebuild(ctx context.Context, key string, limit int) ([]catalog.Changed, error) {
	var images []media.Claim
	err := s.WithRetry(ctx, "look for images of a rendition", func(ctx context.Context) (err error) {
		images, err = sqldb.Collect(ctx, s.Reader, scanClaim, `
			SELECT id, product_id, generation, attempts, lost_attempts, request_id, source_host FROM images
			WHERE rendition_key = $1 AND status = 'ready' ORDER BY id LIMIT $2`, key, limit)
		return err
	})
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

func (s *Store) rebuild(ctx context.Context, key string, c media.Claim) (catalog.Changed, error) {
	return s.transition(ctx, "rebuild image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, _ catalog.Changed) (bool, error) {
			moved, err := sqldb.Affected(tx.ExecContext(ctx, s.SQL(startOver+`
				WHERE id = $1 AND generation = $2 AND status = 'ready' AND rendition_key = $3`),
				c.ImageID, c.Generation, key))
			if err != nil || !moved {
				return false, err
			}
			c.Generation++
			return true, s.queueJobs(ctx, tx, []outboxJob{{job: c.Job}})
		})
}
