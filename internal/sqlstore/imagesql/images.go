package imagesql

import (
	"context"
	"database/sql"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// Images implements media.Store, but for what is no job, and the replays of failures.Store.
type Images struct {
	db     *sqldb.DB
	lowest lowest
}

// New returns the images of the database.
func New(db *sqldb.DB) *Images { return &Images{db: db} }

// Placed is a new image and its position among those of its product.
type Placed struct {
	Position int
	URL      string
}

// Insert is the only wording of how images come to be: rows of these columns follow
// it, at stage 0, due at once. Nothing is looked up: a dispatcher takes them into the line.
const Insert = `INSERT INTO images (stage, due_at, accepted_at, user_id, product_id, position, source_url, source_host, request_id) `

// Add stores new images, pending and due now: one statement, however many there are.
func Add(ctx context.Context, db *sqldb.DB, tx *sql.Tx, product int64, plan []Placed, requestID string,
) ([]catalog.Image, error) {
	if len(plan) == 0 {
		return nil, nil
	}
	rows := make([][]any, len(plan))
	for i, p := range plan {
		rows[i] = []any{product, p.Position, p.URL, media.SourceHost(p.URL), requestID}
	}
	values, args := sqldb.Tuples("(0, {now}, {now}, (SELECT user_id FROM products WHERE id = $1), %s)", rows)
	ids, err := idsByPosition(ctx, tx, db.SQL(
		Insert+`VALUES `+values+` RETURNING id, position`), args...)
	if err != nil {
		return nil, err
	}
	images := make([]catalog.Image, len(plan))
	for i, p := range plan {
		images[i] = catalog.Image{ID: ids[p.Position], SourceURL: p.URL, Status: catalog.Pending}
	}
	return images, nil
}

// Positions returns the ids of a product's images by their positions.
func Positions(ctx context.Context, tx *sql.Tx, product int64) (map[int]int64, error) {
	return idsByPosition(ctx, tx, `SELECT id, position FROM images WHERE product_id = $1`, product)
}

// idsByPosition reads rows of (id, position): RETURNING promises no order.
func idsByPosition(ctx context.Context, tx *sql.Tx, query string, args ...any) (map[int]int64, error) {
	type placed struct {
		id       int64
		position int
	}
	list, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, p *placed) error { return row.Scan(&p.id, &p.position) }, query, args...)
	ids := make(map[int]int64, len(list))
	for _, p := range list {
		ids[p.position] = p.id
	}
	return ids, err
}

// Drop deletes images, and with them their work.
func Drop(ctx context.Context, tx *sql.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	marks, args := sqldb.In(1, ids)
	_, err := tx.ExecContext(ctx, `DELETE FROM images WHERE id IN (`+marks+`)`, args...) //nolint:gosec // placeholders
	return err
}
