package catalogsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
)

// onceTries bounds how often a key is tried again that had expired when it
// was looked at.
const onceTries = 3

var errKeyMoves = errors.New("the key expired at every look")

// CreateProductOnce implements catalog.Store.
func (s *Products) CreateProductOnce(
	ctx context.Context, n catalog.NewProduct, once catalog.Once,
) (p catalog.Product, earlier *catalog.Earlier, err error) {
	if s.db.AtOnce && !hasUploads(n.Images) {
		err = s.db.WriteWithRetry(ctx, "create product once", func(ctx context.Context) error {
			p, earlier, err = s.onceAtOnce(ctx, n, once)
			return err
		})
		if err == nil && earlier == nil {
			s.db.Committed()
		}
		return p, earlier, err
	}
	for range onceTries {
		err = s.db.InTxNotify(ctx, "create product once", func(ctx context.Context, tx *sql.Tx) error {
			p, earlier, err = s.onceInSteps(ctx, tx, n, once)
			return err
		})
		if !errors.Is(err, catalog.ErrKeyTaken) {
			return p, earlier, err
		}
	}
	return p, nil, fault.Wrap(fault.Unavailable, "the key is in use; try again", err)
}

// onceInSteps is for a database with one writer, and for what has uploads. catalog.ErrKeyTaken, but not
// where there is one writer.
func (s *Products) onceInSteps(
	ctx context.Context, tx *sql.Tx, n catalog.NewProduct, once catalog.Once,
) (catalog.Product, *catalog.Earlier, error) {
	earlier, err := scanEarlier(tx.QueryRowContext(ctx, s.db.SQL(`
		SELECT`+earlierColumns+`FROM idempotency_keys
		WHERE user_id = $1 AND key = $2 AND expires_at > {now}`), n.UserID, once.Key))
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		return catalog.Product{}, earlier, err
	}
	p, err := s.createInSteps(ctx, tx, n)
	if err != nil {
		return catalog.Product{}, nil, err
	}
	taken, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(insertKey+`
		VALUES ($1, $2, $3, $4, {now} + $5)`+takeOver),
		n.UserID, once.Key, once.Fingerprint[:], p.ID, once.TTL.Milliseconds()))
	if err == nil && !taken {
		err = catalog.ErrKeyTaken
	}
	return p, nil, err
}

const insertKey = `INSERT INTO idempotency_keys (user_id, key, fingerprint, product_id, expires_at) `

// takeOver lets an insert have a key that has expired, and nothing where it
// has not.
const takeOver = `
	ON CONFLICT (user_id, key) DO UPDATE
	SET fingerprint = excluded.fingerprint, product_id = excluded.product_id, image_id = excluded.image_id, expires_at = excluded.expires_at
	WHERE idempotency_keys.expires_at <= {now}`

// onceStatement is what onceAtOnce runs.
func onceStatement() string {
	return completed(`
		WITH taken AS (` + insertKey + `
			SELECT id, $14, $15, nextval(pg_get_serial_sequence('products', 'id')), {now} + $16
			FROM users WHERE id = $1 AND erasing_at = 0` + takeOver + `
			RETURNING user_id, product_id),
		product AS (` + insertProduct(ofKey(), imagesOfArray) + `RETURNING id, user_id, created_at)`)
}

// onceAtOnce is createAtOnce with the key before it in the same statement: the
// product is inserted only where the key could be. The unique key makes a
// second creator wait until the first has committed. The id is drawn before the
// product is there, because it is a column of the key.
func (s *Products) onceAtOnce(
	ctx context.Context, n catalog.NewProduct, once catalog.Once,
) (catalog.Product, *catalog.Earlier, error) {
	for range onceTries {
		p, err := s.created(ctx, n, s.createOnce, once.Key, once.Fingerprint[:], once.TTL.Milliseconds())
		if err == nil || !errors.Is(err, sql.ErrNoRows) {
			return p, nil, err
		}
		earlier, err := s.earlier(ctx, n.UserID, once.Key)
		if err != nil || earlier != nil {
			return catalog.Product{}, earlier, err
		}
	}
	return catalog.Product{}, nil, fault.Wrap(fault.Unavailable, "the key is in use; try again", errKeyMoves)
}

// earlier returns who holds a key that could not be taken, nil where it was
// freed in between. It looks past the expiry: the key lived when it was tried.
func (s *Products) earlier(ctx context.Context, user int64, key string) (*catalog.Earlier, error) {
	earlier, err := scanEarlier(s.db.Writer.QueryRowContext(ctx,
		`SELECT`+earlierColumns+`FROM idempotency_keys WHERE user_id = $1 AND key = $2`, user, key))
	if !errors.Is(err, sql.ErrNoRows) {
		return earlier, err
	}
	var known bool
	err = s.db.Writer.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND erasing_at = 0)`, user).Scan(&known)
	if err == nil && !known {
		err = catalog.ErrUnknownUser
	}
	return nil, err
}

// EarlierUse implements catalog.Store.
func (s *Products) EarlierUse(ctx context.Context, user int64, key string) (earlier *catalog.Earlier, err error) {
	err = s.db.WithRetry(ctx, "look up idempotency key", func(ctx context.Context) error {
		earlier, err = scanEarlier(s.db.Reader.QueryRowContext(ctx, s.db.SQL(
			`SELECT`+earlierColumns+`FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND expires_at > {now}`), user, key))
		if errors.Is(err, sql.ErrNoRows) {
			earlier, err = nil, nil
		}
		return err
	})
	return earlier, err
}

// useKey stores the key under which an image was added to the product. Who else adds under it
// waits until this has committed. catalog.ErrKeyTaken.
func (s *Products) useKey(ctx context.Context, tx *sql.Tx, user, product, image int64, once catalog.Once) error {
	used, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(`
		INSERT INTO idempotency_keys (user_id, key, fingerprint, product_id, image_id, expires_at)
		VALUES ($1, $2, $3, $4, $5, {now} + $6)`+takeOver),
		user, once.Key, once.Fingerprint[:], product, image, once.TTL.Milliseconds()))
	if err == nil && !used {
		err = catalog.ErrKeyTaken
	}
	return err
}

const earlierColumns = ` product_id, image_id, fingerprint `

func scanEarlier(row *sql.Row) (*catalog.Earlier, error) {
	var e catalog.Earlier
	var fingerprint []byte
	if err := row.Scan(&e.ProductID, &e.ImageID, &fingerprint); err != nil {
		return nil, err
	}
	if copy(e.Fingerprint[:], fingerprint) != len(e.Fingerprint) {
		return nil, fmt.Errorf("fingerprint of %d bytes", len(fingerprint))
	}
	return &e, nil
}

// ExpireKeys implements catalog.Keys. A key that a create takes over meanwhile
// is left alone.
func (s *Products) ExpireKeys(ctx context.Context, limit int) (removed int, err error) {
	return s.db.Exec(ctx, "expire keys", `
		WITH expired AS MATERIALIZED (
			SELECT user_id, key FROM idempotency_keys WHERE expires_at <= {now}
			ORDER BY expires_at LIMIT $1{skip locked})
		DELETE FROM idempotency_keys WHERE (user_id, key) IN (SELECT user_id, key FROM expired)`, limit)
}
