package catalogsql

import (
	"context"
	"database/sql"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/imagesql"
	"vitrine.dev/internal/tracing"
)

// CreateProduct implements catalog.Store.
func (s *Products) CreateProduct(ctx context.Context, n catalog.NewProduct) (p catalog.Product, err error) {
	steps := s.db.InSharedTx
	switch {
	case s.db.AtOnce && hasUploads(n.Images):
		steps = s.db.InTxNotify
	case s.db.AtOnce:
		err = s.db.WriteWithRetry(ctx, "create product", func(ctx context.Context) error {
			p, err = s.createAtOnce(ctx, n)
			return err
		})
		if err == nil {
			s.db.Committed()
		}
		return p, err
	}
	err = steps(ctx, "create product", func(ctx context.Context, tx *sql.Tx) error {
		var err error
		p, err = s.createInSteps(ctx, tx, n)
		return err
	})
	return p, err
}

// hasUploads reports whether images are of uploads, which have to be there: that is found out
// in steps.
func hasUploads(urls []string) bool {
	return slices.ContainsFunc(urls, func(url string) bool { _, ok := imageurl.UploadOf(url); return ok })
}

// createAtOnce is createInSteps as one statement and one round trip, for
// PostgreSQL.
func (s *Products) createAtOnce(ctx context.Context, n catalog.NewProduct) (catalog.Product, error) {
	p, err := s.created(ctx, n, s.create)
	return p, sqldb.NoRow(err, catalog.ErrUnknownUser)
}

// createStatement is what createAtOnce runs.
func createStatement() string {
	return completed(`WITH product AS (` + insertProduct(ofUser(), imagesOfArray) + `RETURNING id, user_id, created_at)`)
}

// completed returns the statement, whose product is the row that it inserts, if any,
// with the images and the event. Its own arguments follow $13.
func completed(statement string) string {
	return statement + `,
	added AS (` + imagesql.Insert + `
		SELECT 0, created_at, created_at, created_at, created_at, user_id, id, place - 1, url, host, $10, $13, ''
		FROM product, unnest($8::TEXT[], $9::TEXT[]) WITH ORDINALITY AS source (url, host, place) ORDER BY place
		RETURNING id AS image, position),
	event AS (` + eventsql.Insert + `
		SELECT created_at, $11, id, 0, user_id, 1, 1, $12 FROM product)
	SELECT id, created_at, ARRAY(SELECT image FROM added ORDER BY position) FROM product`
}

// created runs a statement that was completed. sql.ErrNoRows where it
// inserted nothing.
func (s *Products) created(ctx context.Context, n catalog.NewProduct, statement string, more ...any) (catalog.Product, error) {
	hosts := make([]string, len(n.Images))
	for i, u := range n.Images {
		hosts[i] = media.SourceHost(u)
	}
	args := append(append(productArgs(n), n.Images, hosts, n.RequestID, string(events.ProductCreated), s.data, tracing.Traceparent(ctx)), more...)
	var id, created int64
	var added []int64
	if err := s.db.AtOnceRow(ctx, statement, args, &id, &created, &added); err != nil {
		return catalog.Product{}, err
	}
	var images []catalog.Image
	if len(added) > 0 {
		images = make([]catalog.Image, len(added))
	}
	for i, image := range added {
		images[i] = catalog.Image{
			ID: image, SourceURL: n.Images[i], Position: i, Status: catalog.Pending,
			CreatedAt: sqldb.Time(created), UpdatedAt: sqldb.Time(created),
		}
	}
	return newProduct(n, id, created, images), nil
}

// createInSteps is for a database with one writer, and for what has uploads.
func (s *Products) createInSteps(ctx context.Context, tx *sql.Tx, n catalog.NewProduct) (catalog.Product, error) {
	var id, created int64
	err := tx.QueryRowContext(ctx, s.db.SQL(insertProduct(ofUser(), "$8")+`RETURNING id, created_at`), append(productArgs(n), len(n.Images))...).Scan(&id, &created)
	if err != nil {
		return catalog.Product{}, sqldb.NoRow(err, catalog.ErrUnknownUser)
	}
	images, err := imagesql.Add(ctx, s.db, tx, n.UserID, id, placedImages(n), n.RequestID)
	if err != nil {
		return catalog.Product{}, err
	}
	p := newProduct(n, id, created, images)
	return p, eventsql.Append(ctx, s.db, tx, creationOf(p))
}

func placedImages(n catalog.NewProduct) []imagesql.Placed {
	list := make([]imagesql.Placed, len(n.Images))
	for i, u := range n.Images {
		list[i] = imagesql.Placed{Position: i, URL: u}
		if i < len(n.Alts) {
			list[i].Alt = n.Alts[i]
		}
	}
	return list
}

func creationOf(p catalog.Product) events.Event {
	return events.Event{Type: events.ProductCreated, ProductID: p.ID, UserID: p.UserID, Revision: p.Revision, Version: p.Version}
}

// owner is where the id and the user of a new product come from, none where
// there is no such row.
type owner struct{ columns, values, from string }

func ofUser() owner { return owner{"user_id", "id", "users WHERE id = $1 AND erasing_at = 0"} }

func ofKey() owner { return owner{"id, user_id", "product_id, user_id", "taken"} }

// imagesOfArray is the number of images in createAtOnce.
const imagesOfArray = "cardinality($9::TEXT[])"

// insertProduct inserts a product with so many images.
func insertProduct(of owner, images string) string {
	return insertInto(of.columns) + `SELECT ` + of.values + `, ` + newValues(`$2, $3, $4, $5, $6, $7, `+images) + ` FROM ` + of.from + ` `
}

// insertInto and newValues are the only wording of how products come to be: sent are productArgs
// without the user, and the number of images.
func insertInto(columns string) string {
	return `
	INSERT INTO products (` + columns + `, name, name_folded, description, price, external_id, metadata, images_pending,
	                      version, revision, created_at, updated_at, revised_at) `
}

func newValues(sent string) string { return sent + `, 1, 1, {now}, {now}, {now}` }

func productArgs(n catalog.NewProduct) []any {
	return []any{n.UserID, n.Name, find.Fold(n.Name), n.Description, int64(n.Price), orNull(n.ExternalID), orNull(n.Metadata.Encode())}
}

// orNull is how a text is stored that may be missing: "" as NULL.
func orNull(text string) sql.NullString { return sql.NullString{String: text, Valid: text != ""} }

func newProduct(n catalog.NewProduct, id, created int64, images []catalog.Image) catalog.Product {
	return catalog.Product{
		ID: id, UserID: n.UserID, Name: n.Name, Description: n.Description, Price: n.Price, ExternalID: n.ExternalID, Images: images,
		Metadata: n.Metadata, Version: 1, Revision: 1, CreatedAt: sqldb.Time(created), UpdatedAt: sqldb.Time(created),
	}
}
