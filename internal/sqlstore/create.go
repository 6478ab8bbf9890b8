package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// CreateProduct implements catalog.Store.
func (s *Store) CreateProduct(ctx context.Context, n catalog.NewProduct) (p catalog.Product, err error) {
	if s.AtOnce {
		err = s.WriteWithRetry(ctx, "create product", func(ctx context.Context) error {
			p, err = s.createAtOnce(ctx, n)
			return err
		})
		if err == nil {
			s.Committed()
		}
		return p, err
	}
	err = s.InTxNotify(ctx, "create product", func(ctx context.Context, tx *sql.Tx) error {
		p, err = s.createInSteps(ctx, tx, n)
		return err
	})
	return p, err
}

func (s *Store) createInSteps(ctx context.Context, tx *sql.Tx, n catalog.NewProduct) (catalog.Product, error) {
	var id, created int64
	err := tx.QueryRowContext(ctx, s.SQL(insertProduct+` RETURNING id, created_at`), productArgs(n)...).Scan(&id, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return catalog.Product{}, catalog.ErrUnknownUser
	}
	if err != nil {
		return catalog.Product{}, err
	}
	plan := make([]placedImage, len(n.Images))
	for i, u := range n.Images {
		plan[i] = placedImage{position: i, url: u}
	}
	images, err := s.addImages(ctx, tx, id, plan, n.RequestID)
	if err != nil {
		return catalog.Product{}, err
	}
	p := newProduct(n, id, created, images)
	return p, s.recordChange(ctx, tx, catalog.Changed{ProductID: p.ID, UserID: p.UserID, Version: p.Version, Listed: true})
}

// insertProduct inserts nothing where the user does not exist.
const insertProduct = `
	INSERT INTO products (user_id, name, name_folded, description, price, version, created_at, updated_at)
	SELECT id, $2, $3, $4, $5, 1, {now}, {now} FROM users WHERE id = $1`

func productArgs(n catalog.NewProduct) []any {
	return []any{n.UserID, n.Name, catalog.Fold(n.Name), n.Description, int64(n.Price)}
}

func newProduct(n catalog.NewProduct, id, created int64, images []catalog.Image) catalog.Product {
	return catalog.Product{
		ID: id, UserID: n.UserID, Name: n.Name, Description: n.Description, Price: n.Price, Images: images,
		Version: 1, CreatedAt: sqldb.Time(created), UpdatedAt: sqldb.Time(created),
	}
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
		rows[i] = []any{product, p.position, p.url, media.SourceHost(p.url), requestID}
	}
	values, args := sqldb.Tuples("({now}, {now}, %s)", rows)
	ids, err := idsByPosition(ctx, tx, s.SQL(
		`INSERT INTO images (queued_at, accepted_at, product_id, position, source_url, source_host, request_id) VALUES `+values+
			` RETURNING id, position`), args...)
	if err != nil {
		return nil, err
	}
	images := make([]catalog.Image, len(plan))
	jobs := make([]outboxJob, len(plan))
	for i, p := range plan {
		id := ids[p.position]
		images[i] = catalog.Image{ID: id, SourceURL: p.url, Status: catalog.Pending}
		jobs[i] = outboxJob{job: media.Job{
			ImageID: id, ProductID: product, Generation: 1, RequestID: requestID, Host: media.SourceHost(p.url),
		}}
	}
	return images, s.queueJobs(ctx, tx, jobs)
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
