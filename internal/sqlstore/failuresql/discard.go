package failuresql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"time"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// DiscardFailures implements failures.Store.
func (s *Failures) DiscardFailures(ctx context.Context, ids []failures.ID) (done []failures.ID, err error) {
	err = s.db.InTx(ctx, "discard failures", func(ctx context.Context, tx *sql.Tx) error {
		done, err = s.discard(ctx, tx, ids)
		return err
	})
	return done, err
}

func (s *Failures) discard(ctx context.Context, tx *sql.Tx, ids []failures.ID) ([]failures.ID, error) {
	return eachKind(ids, func(kind failures.Kind, marks string, args []any) ([]int64, error) {
		table, condition := "images", imagesql.Listed
		if kind == failures.KindMessage {
			table, condition = "dead_messages", "discarded_at = 0"
		}
		// Rows are locked in one order: jobs over several filters may meet.
		if _, err := sqldb.IDs(ctx, tx, s.db.SQL(
			`SELECT id FROM `+table+` WHERE `+condition+` AND id IN (`+marks+`) ORDER BY id{for update}`), args...); err != nil {
			return nil, err
		}
		return sqldb.IDs(ctx, tx, s.db.SQL(
			`UPDATE `+table+` SET discarded_at = {now} WHERE `+condition+` AND id IN (`+marks+`) RETURNING id`), args...)
	})
}

// ListedFailures implements failures.Store.
func (s *Failures) ListedFailures(ctx context.Context, ids []failures.ID) (found []failures.ID, err error) {
	err = s.db.WithRetry(ctx, "look up failures", func(ctx context.Context) error {
		found, err = eachKind(ids, func(kind failures.Kind, marks string, args []any) ([]int64, error) {
			from := `images WHERE ` + imagesql.Listed
			if kind == failures.KindMessage {
				from = `dead_messages WHERE discarded_at = 0`
			}
			return sqldb.IDs(ctx, s.db.Reader, `SELECT id FROM `+from+` AND id IN (`+marks+`)`, args...)
		})
		return err
	})
	return found, err
}

// OwnedImages implements failures.Store.
func (s *Failures) OwnedImages(ctx context.Context, user int64, images []int64) ([]int64, error) {
	if len(images) == 0 {
		return nil, nil
	}
	marks, args := sqldb.In(2, images)
	return sqldb.Select(ctx, s.db, "look up owner", func(row sqldb.Row, id *int64) error { return row.Scan(id) },
		`SELECT id FROM images WHERE user_id = $1 AND id IN (`+marks+`)`, append([]any{user}, args...)...)
}

// eachKind calls do for the ids of each kind, where there are any, with the
// placeholders from $1 and the arguments that stand for them, and collects
// what it returns.
func eachKind(
	ids []failures.ID, do func(kind failures.Kind, marks string, args []any) ([]int64, error),
) (found []failures.ID, err error) {
	for _, kind := range []failures.Kind{failures.KindImage, failures.KindMessage} {
		var numbers []int64
		for _, id := range ids {
			if id.Kind == kind {
				numbers = append(numbers, id.N)
			}
		}
		if len(numbers) == 0 {
			continue
		}
		marks, args := sqldb.In(1, numbers)
		some, err := do(kind, marks, args)
		if err != nil {
			return nil, err
		}
		for _, n := range some {
			found = append(found, failures.ID{Kind: kind, N: n})
		}
	}
	return found, nil
}

// KeepUnreadable implements media.Store.
func (s *Failures) KeepUnreadable(ctx context.Context, m media.Unreadable) error {
	sum := sha256.Sum256([]byte(m.MessageID + "\x00" + m.Digest))
	return s.db.WriteWithRetry(ctx, "keep unreadable message", func(ctx context.Context) error {
		_, err := s.db.Writer.ExecContext(ctx, s.db.SQL(`
			INSERT INTO dead_messages (digest, message_id, body, bytes, received_at) VALUES ($1, $2, $3, $4, {now})
			ON CONFLICT (digest) WHERE discarded_at = 0 DO NOTHING`),
			hex.EncodeToString(sum[:]), m.MessageID, m.Body, m.Bytes)
		return err
	})
}

// PurgeDiscarded implements failures.Store.
func (s *Failures) PurgeDiscarded(ctx context.Context, retention time.Duration) error {
	_, err := s.db.Exec(ctx, "purge discarded messages",
		`DELETE FROM dead_messages WHERE discarded_at > 0 AND discarded_at < {now} - $1`, retention.Milliseconds())
	return err
}
