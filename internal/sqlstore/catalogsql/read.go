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
// belong to the same version.
func (s *Products) readProduct(ctx context.Context, from sqldb.Querier, id int64) (catalog.Product, error) {
	list, err := readProducts(ctx, from, `p.id = $1`, id)
	if err == nil && len(list) == 0 {
		err = catalog.ErrNoProduct
	}
	if err != nil {
		return catalog.Product{}, err
	}
	return list[0], nil
}

// readProducts reads products with their images in one statement, by their ids. The description
// and the metadata, which may be long, come with the first row of each only.
func readProducts(ctx context.Context, from sqldb.Querier, where string, args ...any) (list []catalog.Product, err error) {
	const first = `CASE row_number() OVER (PARTITION BY p.id ORDER BY i.position) WHEN 1 THEN `
	rows, err := from.QueryContext(ctx, `
		SELECT p.id, p.user_id, p.name, `+first+`p.description ELSE '' END, p.price, p.external_id, `+first+`p.metadata END,
		       p.version, p.revision, p.created_at, p.updated_at,
		       `+imagesql.Columns+`
		FROM products p
		LEFT JOIN images i ON i.product_id = p.id
		LEFT JOIN renditions r ON r.key = i.rendition_key AND i.status = 'ready'
		WHERE `+where+` ORDER BY p.id, i.position`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p catalog.Product
		var image imagesql.Row
		var description string
		var external, metadata sql.NullString
		var created, updated int64
		err := rows.Scan(append([]any{
			&p.ID, &p.UserID, &p.Name, &description, &p.Price, &external, &metadata, &p.Version, &p.Revision, &created, &updated,
		}, image.Fields()...)...)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 || list[len(list)-1].ID != p.ID {
			p.ExternalID, p.CreatedAt, p.UpdatedAt = external.String, sqldb.Time(created), sqldb.Time(updated)
			list = append(list, p)
		}
		last := &list[len(list)-1]
		last.Description += description
		if metadata.Valid {
			if last.Metadata, err = catalog.DecodeMetadata(metadata.String); err != nil {
				return nil, err
			}
		}
		if image.ID.Valid {
			img, err := image.Image()
			if err != nil {
				return nil, err
			}
			last.Images = append(last.Images, img)
		}
	}
	return list, rows.Err()
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

// UserExists implements catalog.Store and auth.Lookup.
func (s *Products) UserExists(ctx context.Context, id int64) (known bool, err error) {
	err = s.db.WithRetry(ctx, "look up user", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND erasing_at = 0)`, id).Scan(&known)
	})
	return known, err
}
