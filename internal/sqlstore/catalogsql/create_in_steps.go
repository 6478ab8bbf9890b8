package catalogsql

import (
	"context"
	"database/sql"
	"errors"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
	"vitrine.dev/internal/sqlstore/outboxsql"
)

// createInSteps is for a database with one writer.
func (s *Products) createInSteps(ctx context.Context, tx *sql.Tx, n catalog.NewProduct) (catalog.Product, error) {
	var id, created int64
	err := tx.QueryRowContext(ctx, s.db.SQL(insertProduct+` RETURNING id, created_at`), productArgs(n)...).Scan(&id, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return catalog.Product{}, catalog.ErrUnknownUser
	}
	if err != nil {
		return catalog.Product{}, err
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
	return p, outboxsql.RecordChange(ctx, s.db, tx, catalog.Changed{ProductID: p.ID, UserID: p.UserID, Version: p.Version, Listed: true})
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
