package failuresql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"vitrine.dev/internal/media"
)

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
