package catalogsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
)

// ExportProducts implements export.Store. It is one statement, so that each product has the
// images that belong to it.
func (s *Products) ExportProducts(ctx context.Context, user, after int64, limit, maxBytes int) (list []rows.ProductRow, more bool, err error) {
	err = s.db.WithReader(ctx, "export products", func(ctx context.Context, from sqldb.Querier) error {
		found, err := from.QueryContext(ctx, s.exportStatement(), user, after, limit)
		if err != nil {
			return err
		}
		defer found.Close()
		list, more, err = readExport(found, maxBytes)
		more = more || len(list) == limit
		return err
	})
	return list, more, err
}

// exportStatement reads a row for each image. The description and the metadata, which may
// be long, come with the first of a product only.
func (s *Products) exportStatement() string {
	turn := turnOf(s.db)
	const first = `CASE row_number() OVER (PARTITION BY p.id ORDER BY i.position) WHEN 1 THEN `
	return `
		SELECT p.id, p.name, ` + first + `p.description ELSE '' END, p.price, p.external_id, ` + first + `p.metadata END, i.source_url, i.alt
		FROM (SELECT id FROM products WHERE user_id = $1 AND ` + turn + ` > $2 ORDER BY ` + turn + ` LIMIT $3) AS page
		JOIN products p ON p.id = page.id
		LEFT JOIN images i ON i.product_id = p.id
		ORDER BY p.id, i.position`
}

// readExport reads products until their Bytes reach the bound; more tells that it did
// before the end.
func readExport(found *sql.Rows, maxBytes int) (list []rows.ProductRow, more bool, err error) {
	bytes := 0
	var last *rows.ProductRow
	for found.Next() {
		var p rows.ProductRow
		var price catalog.Price
		var external, metadata, url, alt sql.NullString
		if err := found.Scan(&p.ID, &p.Name, &p.Description, &price, &external, &metadata, &url, &alt); err != nil {
			return nil, false, err
		}
		if last == nil || last.ID != p.ID {
			if last != nil {
				finishExported(last)
				if bytes += last.Bytes(); bytes >= maxBytes {
					return list, true, nil
				}
			}
			p.Price, p.ExternalID = json.Number(price.String()), external.String
			if p.Metadata, err = catalog.DecodeMetadata(metadata.String); err != nil {
				return nil, false, fmt.Errorf("product %d: %w", p.ID, err)
			}
			list = append(list, p)
			last = &list[len(list)-1]
		}
		if url.Valid {
			last.Images, last.Alts = append(last.Images, url.String), append(last.Alts, alt.String)
		}
	}
	if last != nil {
		finishExported(last)
	}
	return list, false, found.Err()
}

// finishExported leaves out texts that no image has.
func finishExported(p *rows.ProductRow) {
	for _, alt := range p.Alts {
		if alt != "" {
			return
		}
	}
	p.Alts = nil
}
