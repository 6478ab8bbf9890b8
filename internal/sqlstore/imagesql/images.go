package imagesql

import (
	"context"
	"database/sql"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/sourcesql"
	"vitrine.dev/internal/tracing"
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
	Alt      string
	Stored   *catalog.Source // as of a catalog.PlannedImage
}

// Insert is the only wording of how images come to be: rows of these columns follow
// it, at stage 0, due at once; the traceparent is tracing.Traceparent's. Nothing is looked up: a dispatcher takes them into the line.
const Insert = `INSERT INTO images (stage, due_at, accepted_at, created_at, updated_at, user_id, product_id, position, source_url, source_host, request_id, traceparent, alt) `

// Added is a new image of a product.
type Added struct {
	Product   int64
	RequestID string
	Placed
}

// inserted returns a statement that inserts images of products of the user.
func inserted(ctx context.Context, db *sqldb.DB, user int64, list []Added) (statement string, args []any) {
	rows, traceparent := make([][]any, len(list)), tracing.Traceparent(ctx)
	for i, a := range list {
		rows[i] = []any{user, a.Product, a.Position, a.URL, media.SourceHost(a.URL), a.RequestID, traceparent, a.Alt}
	}
	values, args := db.Tuples("(0, {now}, {now}, {now}, {now}, %s)", rows)
	return db.SQL(Insert + `VALUES ` + values), args
}

// Add stores new images of a product of the user, by ascending positions, pending and due now: one
// statement, however many there are, and two for each that is of an upload. Errors of sourcesql.Hold.
func Add(ctx context.Context, db *sqldb.DB, tx *sql.Tx, user, product int64, plan []Placed, requestID string,
) ([]catalog.Image, error) {
	if len(plan) == 0 {
		return nil, nil
	}
	list := make([]Added, len(plan))
	for i, p := range plan {
		if err := sourcesql.Hold(ctx, db, tx, product, p.URL, p.Stored); err != nil {
			return nil, err
		}
		list[i] = Added{product, requestID, p}
	}
	type row struct {
		id, created int64
		position    int
	}
	statement, args := inserted(ctx, db, user, list)
	stored, err := sqldb.Collect(ctx, tx, func(from sqldb.Row, r *row) error { return from.Scan(&r.id, &r.position, &r.created) },
		statement+` RETURNING id, position, created_at`, args...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(stored, func(a, b row) int { return a.position - b.position }) // RETURNING promises no order
	images := make([]catalog.Image, len(plan))
	for i, p := range plan {
		at := sqldb.Time(stored[i].created)
		images[i] = catalog.Image{
			ID: stored[i].id, SourceURL: p.URL, Position: p.Position, Alt: p.Alt, Status: catalog.Pending, CreatedAt: at, UpdatedAt: at,
		}
	}
	return images, nil
}

// addAtOnce is how many images one statement adds at most.
const addAtOnce = 500

// AddMany is Add for any number of new products, with images of which none is of an upload.
func AddMany(ctx context.Context, db *sqldb.DB, tx *sql.Tx, user int64, list []Added) error {
	for batch := range slices.Chunk(list, addAtOnce) {
		statement, args := inserted(ctx, db, user, batch)
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			return err
		}
	}
	return nil
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
