package catalogsql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// Product implements catalog.Store.
func (s *Products) Product(ctx context.Context, id int64) (p catalog.Product, err error) {
	err = s.db.WithRetry(ctx, "read product", func(ctx context.Context) error {
		p, err = s.readProduct(ctx, s.db.Reader, id)
		return err
	})
	return p, err
}

// readProduct reads a product with its images in one statement, so that they
// belong to the same version. The description and the metadata, which may be long,
// come with the first row only.
func (s *Products) readProduct(ctx context.Context, from sqldb.Querier, id int64) (catalog.Product, error) {
	rows, err := from.QueryContext(ctx, `
		SELECT p.id, p.user_id, p.name,
		       CASE row_number() OVER (ORDER BY i.position) WHEN 1 THEN p.description ELSE '' END, p.price,
		       p.external_id, CASE row_number() OVER (ORDER BY i.position) WHEN 1 THEN p.metadata END,
		       p.version, p.revision, p.created_at, p.updated_at,
		       `+imagesql.Columns+`
		FROM products p
		LEFT JOIN images i ON i.product_id = p.id
		LEFT JOIN renditions r ON r.key = i.rendition_key AND i.status = 'ready'
		WHERE p.id = $1 ORDER BY i.position`, id)
	if err != nil {
		return catalog.Product{}, err
	}
	defer rows.Close()
	var p catalog.Product
	for rows.Next() {
		var image imagesql.Row
		var description string
		var external, metadata sql.NullString
		var created, updated int64
		err := rows.Scan(append([]any{
			&p.ID, &p.UserID, &p.Name, &description, &p.Price, &external, &metadata, &p.Version, &p.Revision, &created, &updated,
		}, image.Fields()...)...)
		if err != nil {
			return catalog.Product{}, err
		}
		p.Description += description
		p.ExternalID = external.String
		if metadata.Valid {
			if p.Metadata, err = catalog.DecodeMetadata(metadata.String); err != nil {
				return catalog.Product{}, err
			}
		}
		p.CreatedAt, p.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
		if image.ID.Valid {
			img, err := image.Image()
			if err != nil {
				return catalog.Product{}, err
			}
			p.Images = append(p.Images, img)
		}
	}
	if err := rows.Err(); err != nil {
		return catalog.Product{}, err
	}
	if p.ID == 0 {
		return catalog.Product{}, catalog.ErrNoProduct
	}
	return p, nil
}

// ByExternalID implements catalog.Store.
func (s *Products) ByExternalID(ctx context.Context, user int64, externalID string) (id int64, err error) {
	err = s.db.WithRetry(ctx, "look for an external id", func(ctx context.Context) error {
		err := s.db.Reader.QueryRowContext(ctx, `SELECT id FROM products WHERE user_id = $1 AND external_id = $2`, user, externalID).Scan(&id)
		return sqldb.NoRow(err, catalog.ErrNoProduct)
	})
	return id, err
}

// Working implements catalog.Store.
func (s *Products) Working(ctx context.Context, product, image int64) (working bool, err error) {
	err = s.db.WithRetry(ctx, "look for work", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, `
			SELECT EXISTS (SELECT 1 FROM images WHERE product_id = $1 AND ($2 = 0 OR id = $2) AND stage IS NOT NULL)`, product, image).Scan(&working)
	})
	return working, err
}
