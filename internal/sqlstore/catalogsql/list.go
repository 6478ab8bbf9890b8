package catalogsql

import (
	"context"
	"fmt"
	"math"
	"strings"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
)

// ListProducts implements catalog.Store. The database adds up the texts, whose
// lengths both keep beside them, and reads those of the page only.
func (s *Products) ListProducts(ctx context.Context, f catalog.Filter) (list []catalog.Summary, err error) {
	var where sqldb.Where
	if f.UserID != 0 {
		where.Add("user_id = ?", f.UserID)
	}
	if f.PriceMin != nil {
		where.Add("price >= ?", int64(*f.PriceMin))
	}
	if f.PriceMax != nil {
		where.Add("price <= ?", int64(*f.PriceMax))
	}
	if f.Name != "" {
		where.Add(`name_folded LIKE ? ESCAPE '\'`, "%"+escapeLike(f.Name)+"%")
	}
	if f.Before != 0 {
		where.Add("id < ?", f.Before)
	}
	most := int64(math.MaxInt64)
	if f.MaxBytes != 0 {
		most = int64(f.MaxBytes)
	}
	statement := fmt.Sprintf(`
		SELECT p.id, p.user_id, p.name, p.description, p.price
		FROM (SELECT id, sum(bytes) OVER (ORDER BY id DESC ROWS UNBOUNDED PRECEDING) - bytes AS ahead
		      FROM (SELECT id, octet_length(name) + octet_length(description) AS bytes
		            FROM products%s ORDER BY id DESC LIMIT %s) AS candidates) AS page
		JOIN products p ON p.id = page.id
		WHERE page.ahead <= %s
		ORDER BY p.id DESC`, where.String(), where.Arg(f.Limit), where.Arg(most))
	err = s.db.WithRetry(ctx, "list products", func(ctx context.Context) error {
		list, err = sqldb.Collect(ctx, s.db.Reader, func(row sqldb.Row, p *catalog.Summary) error {
			return row.Scan(&p.ID, &p.UserID, &p.Name, &p.Description, &p.Price)
		}, statement, where.Args...)
		return err
	})
	return list, err
}

// escapeLike makes text stand for itself in a LIKE pattern.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
