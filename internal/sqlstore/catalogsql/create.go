package catalogsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// Products implements catalog.Store, catalog.Keys and catalog.UserStore.
type Products struct{ db *sqldb.DB }

// New returns the products of the database.
func New(db *sqldb.DB) *Products { return &Products{db} }

// CreateProduct implements catalog.Store.
func (s *Products) CreateProduct(ctx context.Context, n catalog.NewProduct) (p catalog.Product, err error) {
	if s.db.AtOnce {
		err = s.db.WriteWithRetry(ctx, "create product", func(ctx context.Context) error {
			p, err = s.createAtOnce(ctx, n)
			return err
		})
		if err == nil {
			s.db.Committed()
		}
		return p, err
	}
	err = s.db.InSharedTx(ctx, "create product", func(ctx context.Context, tx *sql.Tx) error {
		var err error
		p, err = s.createInSteps(ctx, tx, n)
		return err
	})
	return p, err
}

// createAtOnce is createInSteps as one statement and one round trip, for
// PostgreSQL. The body of the message is made in SQL, because the id that it
// carries is; the suite of the stores reads it as catalog.Changed.
func (s *Products) createAtOnce(ctx context.Context, n catalog.NewProduct) (catalog.Product, error) {
	p, err := scanCreated(n, s.db.Writer.QueryRowContext(ctx, s.db.SQL(
		`WITH product AS (`+insertProduct("cardinality($9::TEXT[])")+` RETURNING id, user_id, created_at)`+withItsWork()), atOnceArgs(n)...))
	return p, sqldb.NoRow(err, catalog.ErrUnknownUser)
}

// withItsWork completes a statement whose product is the row that was just
// inserted, if any, with the images and the message.
func withItsWork() string {
	return `,
	added AS (
		INSERT INTO images (stage, due_at, accepted_at, user_id, product_id, position, source_url, source_host, request_id)
		SELECT 0, created_at, created_at, user_id, id, place - 1, url, host, $7
		FROM product, unnest($6::TEXT[], $9::TEXT[]) WITH ORDINALITY AS source (url, host, place) ORDER BY place
		RETURNING id, position),
	event AS (` + eventsql.Insert + `
		SELECT created_at, $8, id, 0, user_id, 1, 1, '{}' FROM product)
	SELECT id, created_at, (SELECT coalesce(json_agg(id ORDER BY position), '[]')::TEXT FROM added) FROM product`
}

// atOnceArgs are $1 to $9 of such a statement.
func atOnceArgs(n catalog.NewProduct) []any {
	hosts := make([]string, len(n.Images))
	for i, u := range n.Images {
		hosts[i] = media.SourceHost(u)
	}
	return append(productArgs(n), n.Images, n.RequestID, string(events.ProductCreated), hosts)
}

// scanCreated reads what such a statement returns. sql.ErrNoRows where it
// inserted nothing.
func scanCreated(n catalog.NewProduct, row *sql.Row) (catalog.Product, error) {
	var id, created int64
	var imageIDs string
	if err := row.Scan(&id, &created, &imageIDs); err != nil {
		return catalog.Product{}, err
	}
	var ids []int64
	if err := json.Unmarshal([]byte(imageIDs), &ids); err != nil || len(ids) != len(n.Images) {
		return catalog.Product{}, fmt.Errorf("ids of %d new images: %s", len(n.Images), imageIDs)
	}
	var images []catalog.Image
	for i, u := range n.Images {
		images = append(images, catalog.Image{ID: ids[i], SourceURL: u, Status: catalog.Pending})
	}
	return newProduct(n, id, created, images), nil
}

// createInSteps is for a database with one writer.
func (s *Products) createInSteps(ctx context.Context, tx *sql.Tx, n catalog.NewProduct) (catalog.Product, error) {
	var id, created int64
	err := tx.QueryRowContext(ctx, s.db.SQL(insertProduct("$6")+` RETURNING id, created_at`), append(productArgs(n), len(n.Images))...).Scan(&id, &created)
	if err != nil {
		return catalog.Product{}, sqldb.NoRow(err, catalog.ErrUnknownUser)
	}
	plan := make([]imagesql.Placed, len(n.Images))
	for i, u := range n.Images {
		plan[i] = imagesql.Placed{Position: i, URL: u}
	}
	images, err := imagesql.Add(ctx, s.db, tx, id, plan, n.RequestID)
	if err != nil {
		return catalog.Product{}, err
	}
	p := newProduct(n, id, created, images)
	return p, eventsql.Append(ctx, s.db, tx, events.Event{
		Type: events.ProductCreated, ProductID: p.ID, UserID: p.UserID, Revision: p.Revision, Version: p.Version,
	})
}

// insertProduct inserts a product with so many images, nothing where the user
// does not exist.
func insertProduct(images string) string {
	return `
	INSERT INTO products (user_id, name, name_folded, description, price, version, revision, created_at, updated_at, revised_at, images_pending)
	SELECT id, $2, $3, $4, $5, 1, 1, {now}, {now}, {now}, ` + images + ` FROM users WHERE id = $1`
}

func productArgs(n catalog.NewProduct) []any {
	return []any{n.UserID, n.Name, catalog.Fold(n.Name), n.Description, int64(n.Price)}
}

func newProduct(n catalog.NewProduct, id, created int64, images []catalog.Image) catalog.Product {
	return catalog.Product{
		ID: id, UserID: n.UserID, Name: n.Name, Description: n.Description, Price: n.Price, Images: images,
		Version: 1, Revision: 1, CreatedAt: sqldb.Time(created), UpdatedAt: sqldb.Time(created),
	}
}
