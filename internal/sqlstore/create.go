package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
)

// CreateProduct implements catalog.Store.
func (s *Store) CreateProduct(ctx context.Context, n catalog.NewProduct) (catalog.Product, error) {
	p := catalog.Product{
		UserID: n.UserID, Name: n.Name, Description: n.Description, Price: n.Price, Version: 1,
	}
	err := s.change(ctx, "create product", func(ctx context.Context, tx *sql.Tx) error {
		var created int64
		err := tx.QueryRowContext(ctx, s.sql(`
			INSERT INTO products (user_id, name, name_folded, description, price, version, created_at, updated_at)
			SELECT id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), 1, {now}, {now} FROM users WHERE id = $1
			RETURNING id, created_at`),
			n.UserID, n.Name, catalog.Fold(n.Name), n.Description, int64(n.Price)).Scan(&p.ID, &created)
		if errors.Is(err, sql.ErrNoRows) {
			return catalog.ErrUnknownUser
		}
		if err != nil {
			return err
		}
		p.CreatedAt, p.UpdatedAt = moment(created), moment(created)
		plan := make([]placedImage, len(n.Images))
		for i, u := range n.Images {
			plan[i] = placedImage{position: i, url: u}
		}
		if p.Images, err = s.addImages(ctx, tx, p.ID, plan, n.RequestID); err != nil {
			return err
		}
		return s.recordChange(ctx, tx, catalog.Changed{ProductID: p.ID, UserID: p.UserID, Version: 1, Listed: true})
	})
	if err != nil {
		return catalog.Product{}, err
	}
	return p, nil
}

// placedImage is a new image and its place in the order.
type placedImage struct {
	position int
	url      string
}

// addImages stores new images as pending, each with its job in the outbox: two
// statements, however many there are.
func (s *Store) addImages(
	ctx context.Context, tx *sql.Tx, product int64, plan []placedImage, requestID string,
) ([]catalog.Image, error) {
	if len(plan) == 0 {
		return nil, nil
	}
	rows := make([][]any, len(plan))
	for i, p := range plan {
		rows[i] = []any{product, p.position, p.url, requestID}
	}
	values, args := tuples("({now}, %s)", rows)
	ids, err := scanIDs(tx.QueryContext(ctx, s.sql(
		`INSERT INTO images (queued_at, product_id, position, source_url, request_id) VALUES `+values+
			` RETURNING id, position`), args...))
	if err != nil {
		return nil, err
	}
	images := make([]catalog.Image, len(plan))
	jobs := make([]outboxJob, len(plan))
	for i, p := range plan {
		id := ids[p.position]
		images[i] = catalog.Image{ID: id, SourceURL: p.url, Status: catalog.Pending}
		jobs[i] = outboxJob{job: media.Job{ImageID: id, ProductID: product, Generation: 1, RequestID: requestID}}
	}
	return images, s.queueJobs(ctx, tx, jobs)
}

// scanIDs reads rows of (id, position) into a map by position: RETURNING
// promises no order.
func scanIDs(rows *sql.Rows, err error) (map[int]int64, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := make(map[int]int64)
	for rows.Next() {
		var id int64
		var position int
		if err := rows.Scan(&id, &position); err != nil {
			return nil, err
		}
		ids[position] = id
	}
	return ids, rows.Err()
}
