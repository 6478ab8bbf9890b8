package catalogsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
)

// batchTries bounds how often a batch is tried again that others overtook: each has then
// taken an external id, or the key.
const batchTries = 10

// errWhole undoes a batch of which one entry was rejected.
var errWhole = errors.New("an entry was rejected")

// WriteBatch implements bulk.Store.
func (s *Products) WriteBatch(ctx context.Context, b bulk.Batch) (written []catalog.Written, earlier *bulk.Earlier, err error) {
	for range batchTries {
		err = s.db.InTxNotify(ctx, "write products", func(ctx context.Context, tx *sql.Tx) error {
			written, earlier, err = s.writeBatch(ctx, tx, b)
			return err
		})
		switch {
		case errors.Is(err, errWhole):
			return written, nil, nil
		case !errors.Is(err, catalog.ErrExternalIDTaken) && !errors.Is(err, errKeyMoves):
			return written, earlier, err
		}
	}
	return nil, nil, fault.Wrap(fault.Unavailable, "others write the same products all the time; try again", err)
}

func (s *Products) writeBatch(ctx context.Context, tx *sql.Tx, b bulk.Batch) ([]catalog.Written, *bulk.Earlier, error) {
	if b.Once != nil {
		if earlier, err := s.takePart(ctx, tx, b); earlier != nil || err != nil {
			return nil, earlier, err
		}
	}
	written, err := WriteAll(ctx, s.db, tx, b.UserID, b.Entries)
	if err != nil {
		return nil, nil, err
	}
	if b.Whole && slices.ContainsFunc(written, func(w catalog.Written) bool { return w.Err != nil }) {
		return written, nil, errWhole
	}
	if b.Once == nil {
		return written, nil, nil
	}
	results, err := b.Once.Encode(written)
	if err != nil {
		return nil, nil, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE bulk_keys SET results = $4 WHERE user_id = $1 AND key = $2 AND part = $3`,
		b.UserID, b.Once.Key, b.Once.Part, results)
	return written, nil, err
}

// takePart takes the part of the key, or returns what it has written before. Another
// request of the same key waits for the end of this transaction. errKeyMoves.
func (s *Products) takePart(ctx context.Context, tx *sql.Tx, b bulk.Batch) (*bulk.Earlier, error) {
	taken, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(`
		INSERT INTO bulk_keys (user_id, key, part, fingerprint, results, expires_at)
		SELECT id, $2, $3, $4, '', {now} + $5 FROM users WHERE id = $1 AND erasing_at = 0
		ON CONFLICT (user_id, key, part) DO UPDATE
		SET fingerprint = excluded.fingerprint, results = excluded.results, expires_at = excluded.expires_at
		WHERE bulk_keys.expires_at <= {now}`),
		b.UserID, b.Once.Key, b.Once.Part, b.Once.Fingerprint[:], b.Once.TTL.Milliseconds()))
	if err != nil || taken {
		return nil, err
	}
	var e bulk.Earlier
	var fingerprint []byte
	err = tx.QueryRowContext(ctx, `SELECT fingerprint, results FROM bulk_keys WHERE user_id = $1 AND key = $2 AND part = $3`,
		b.UserID, b.Once.Key, b.Once.Part).Scan(&fingerprint, &e.Results)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, s.whyNotTaken(ctx, tx, b.UserID)
	}
	if err == nil && copy(e.Fingerprint[:], fingerprint) != len(e.Fingerprint) {
		err = fmt.Errorf("fingerprint of %d bytes", len(fingerprint))
	}
	return &e, err
}

// whyNotTaken tells a user that there is not from a key that was freed in between.
func (s *Products) whyNotTaken(ctx context.Context, tx *sql.Tx, user int64) error {
	var known bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND erasing_at = 0)`, user).Scan(&known)
	switch {
	case err != nil:
		return err
	case !known:
		return catalog.ErrUnknownUser
	default:
		return errKeyMoves
	}
}

// ExpireBulkKeys removes at most limit expired parts of keys, and returns how many. Any
// number may run at once.
func (s *Products) ExpireBulkKeys(ctx context.Context, limit int) (removed int, err error) {
	return s.db.Exec(ctx, "expire keys of bulk requests", `
		WITH expired AS MATERIALIZED (
			SELECT user_id, key, part FROM bulk_keys WHERE expires_at <= {now}
			ORDER BY expires_at LIMIT $1{skip locked})
		DELETE FROM bulk_keys WHERE (user_id, key, part) IN (SELECT user_id, key, part FROM expired)`, limit)
}
