package sourcesql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// uploaded is the condition that an image is of an upload; its index is partial by it.
const uploaded = `source_host = '` + imageurl.UploadHost + `'`

// Unreferred is the condition that nothing refers to a source.
const Unreferred = `(NOT EXISTS (SELECT 1 FROM images i WHERE i.` + uploaded + `
	AND i.source_url = '` + imageurl.UploadHost + `/' || substr(sources.key, 9))
	AND NOT EXISTS (SELECT 1 FROM uploads u WHERE u.source_key = sources.key AND u.stored = 1))`

// Sources implements upload.Store.
type Sources struct{ db *sqldb.DB }

// New returns the sources of the database.
func New(db *sqldb.DB) *Sources { return &Sources{db} }

// BeginUpload implements upload.Store.
func (s *Sources) BeginUpload(ctx context.Context) (now time.Time, err error) {
	err = s.db.WithRetry(ctx, "begin upload", func(ctx context.Context) error {
		var at int64
		err := s.db.Reader.QueryRowContext(ctx, s.db.SQL(`SELECT {now}`)).Scan(&at)
		now = sqldb.Time(at)
		return err
	})
	return now, err
}

// Hold makes sure that the source of an image that is added to the product is there, and
// stays until the transaction ends: one that was stored just now, or one that an image or an upload
// of the product's user is of. Of an image with another URL there is nothing to hold.
// *catalog.UnknownUploadError; fault.Unavailable where the files are being collected.
func Hold(ctx context.Context, db *sqldb.DB, tx *sql.Tx, product int64, url string, stored *catalog.Source) error {
	sum, ok := imageurl.UploadOf(url)
	switch {
	case !ok:
		return nil
	case stored != nil:
		return keep(ctx, db, tx, blob.SourceKey(sum), *stored)
	}
	// Whoever collects it holds the row too, so that one of the two sees what the other has
	// written.
	var live bool
	key := blob.SourceKey(sum)
	err := tx.QueryRowContext(ctx, db.SQL(`SELECT deleting_until = 0 FROM sources WHERE key = $1{for key share}`), key).Scan(&live)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if live {
		const owner = `(SELECT user_id FROM products WHERE id = $1)`
		err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM images WHERE `+uploaded+` AND source_url = $2 AND user_id = `+owner+`)
			OR EXISTS (SELECT 1 FROM uploads WHERE stored = 1 AND source_key = $3 AND user_id = `+owner+`)`,
			product, url, key).Scan(&live)
		if err != nil {
			return err
		}
	}
	if !live {
		return &catalog.UnknownUploadError{URL: url}
	}
	return nil
}

// keep makes sure that a source whose file was stored has a live row, and holds it against the
// collection of the file until the transaction ends. A row that remembers a deletion becomes
// live again only for a file that was stored after that, and a row is made only for one that was
// stored since deletions are remembered. fault.Unavailable.
func keep(ctx context.Context, db *sqldb.DB, tx *sql.Tx, key string, stored catalog.Source) error {
	for range keepTries {
		inserted, err := sqldb.Affected(tx.ExecContext(ctx, db.SQL(`
			INSERT INTO sources (key, bytes, created_at) SELECT $1, $2, {now} WHERE {now} - $3 < $4
			ON CONFLICT (key) DO NOTHING`), key, stored.Bytes, stored.BegunAt.UnixMilli(), media.ClaimLife.Milliseconds()))
		if err != nil || inserted {
			return err
		}
		var until int64
		err = tx.QueryRowContext(ctx, db.SQL(`SELECT deleting_until FROM sources WHERE key = $1{for key share}`), key).Scan(&until)
		switch {
		case errors.Is(err, sql.ErrNoRows): // its tombstone was purged just now, or may have been since it was stored
			continue
		case err != nil || until == 0:
			return err
		case until >= stored.BegunAt.UnixMilli():
			return fault.New(fault.Unavailable, fmt.Sprintf("an earlier copy of the file is being deleted; send it again in %d seconds", collected/time.Second))
		}
		revived, err := sqldb.Affected(tx.ExecContext(ctx, `
			UPDATE sources SET bytes = $3, deleting_until = 0, unused_since = 0 WHERE key = $1 AND deleting_until = $2`,
			key, until, stored.Bytes))
		if err != nil || revived {
			return err
		}
	}
	return fault.New(fault.Unavailable, "the file may have been deleted since it was sent; send it again")
}

// keepTries is how often a source is looked at that others purge or make live meanwhile.
const keepTries = 3

// collected is within what time the collection of a file ends.
const collected = 20 * time.Second
