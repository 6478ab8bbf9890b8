package imagesql

import (
	"context"
	"database/sql"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/outboxsql"
)

// Images implements media.Store, but for what is no job, and the replays of failures.Store.
type Images struct{ db *sqldb.DB }

// New returns the images of the database.
func New(db *sqldb.DB) *Images { return &Images{db} }

// Placed is a new image and its position among those of its product.
type Placed struct {
	Position int
	URL      string
}

// Add stores new images as pending, each with its job in the outbox: two
// statements, however many there are.
func Add(ctx context.Context, db *sqldb.DB, tx *sql.Tx, product int64, plan []Placed, requestID string,
) ([]catalog.Image, error) {
	if len(plan) == 0 {
		return nil, nil
	}
	rows := make([][]any, len(plan))
	for i, p := range plan {
		rows[i] = []any{product, p.Position, p.URL, media.SourceHost(p.URL), requestID}
	}
	values, args := sqldb.Tuples("({now}, {now}, %s)", rows)
	ids, err := idsByPosition(ctx, tx, db.SQL(
		`INSERT INTO images (queued_at, accepted_at, product_id, position, source_url, source_host, request_id) VALUES `+values+
			` RETURNING id, position`), args...)
	if err != nil {
		return nil, err
	}
	images := make([]catalog.Image, len(plan))
	jobs := make([]outboxsql.Job, len(plan))
	for i, p := range plan {
		id := ids[p.Position]
		images[i] = catalog.Image{ID: id, SourceURL: p.URL, Status: catalog.Pending}
		jobs[i] = outboxsql.Job{Job: media.Job{
			ImageID: id, ProductID: product, Generation: 1, RequestID: requestID, Host: media.SourceHost(p.URL),
		}}
	}
	return images, outboxsql.Enqueue(ctx, db, tx, jobs)
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

// Drop deletes images and then their messages: a sweep that is just
// writing one holds the image, so its message is seen here.
func Drop(ctx context.Context, tx *sql.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	marks, args := sqldb.In(1, ids)
	for _, statement := range []string{
		`DELETE FROM images WHERE id IN (` + marks + `)`,
		`DELETE FROM outbox WHERE image_id IN (` + marks + `)`,
	} {
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			return err
		}
	}
	return nil
}
