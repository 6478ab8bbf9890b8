package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
)

// Product implements catalog.Store.
func (s *Store) Product(ctx context.Context, id int64) (p catalog.Product, err error) {
	err = s.WithRetry(ctx, "read product", func(ctx context.Context) error {
		p, err = s.readProduct(ctx, s.Reader, id)
		return err
	})
	return p, err
}

// readProduct reads a product with its images in one statement, so that they
// belong to the same version. The description, which may be long, comes with
// the first row only.
func (s *Store) readProduct(ctx context.Context, from sqldb.Querier, id int64) (catalog.Product, error) {
	rows, err := from.QueryContext(ctx, `
		SELECT p.id, p.user_id, p.name,
		       CASE row_number() OVER (ORDER BY i.position) WHEN 1 THEN p.description ELSE '' END, p.price, p.version, p.created_at, p.updated_at,
		       i.id, i.source_url, i.status, i.attempts, i.reason, i.reason_detail,
		       r.key, r.source_bytes, r.width, r.height, r.placeholder, r.outputs, r.notes
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
		var image imageRow
		var description string
		var created, updated int64
		err := rows.Scan(append([]any{
			&p.ID, &p.UserID, &p.Name, &description, &p.Price, &p.Version, &created, &updated,
		}, image.fields()...)...)
		if err != nil {
			return catalog.Product{}, err
		}
		p.Description += description
		p.CreatedAt, p.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
		if image.id.Valid {
			img, err := image.image()
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
		return catalog.Product{}, sqldb.NotFound("product")
	}
	return p, nil
}

// imageRow is the image's side of the join; all of it is null for a product
// without images, and the rendition's part for an image that is not ready.
type imageRow struct {
	id                          sql.NullInt64
	url, status, reason, detail sql.NullString
	attempts                    sql.NullInt64
	key, placeholder            sql.NullString
	outputs, notes              sql.NullString
	sourceBytes, width, height  sql.NullInt64
}

func (r *imageRow) fields() []any {
	return []any{
		&r.id, &r.url, &r.status, &r.attempts, &r.reason, &r.detail,
		&r.key, &r.sourceBytes, &r.width, &r.height, &r.placeholder, &r.outputs, &r.notes,
	}
}

func (r *imageRow) image() (catalog.Image, error) {
	img := catalog.Image{
		ID: r.id.Int64, SourceURL: r.url.String, Status: catalog.Status(r.status.String), Attempts: int(r.attempts.Int64),
	}
	if r.reason.String != "" {
		img.Problem = &catalog.Problem{Reason: fault.Reason(r.reason.String), Detail: r.detail.String}
	}
	if !r.key.Valid {
		return img, nil
	}
	rendition, err := r.rendition()
	img.Rendition = &rendition
	return img, err
}

func (r *imageRow) rendition() (catalog.Rendition, error) {
	var files outputs
	if err := json.Unmarshal([]byte(r.outputs.String), &files); err != nil {
		return catalog.Rendition{}, fmt.Errorf("outputs of rendition %s: %w", r.key.String, err)
	}
	var notes []catalog.Note
	if err := json.Unmarshal([]byte(r.notes.String), &notes); err != nil {
		return catalog.Rendition{}, fmt.Errorf("notes of rendition %s: %w", r.key.String, err)
	}
	return catalog.Rendition{
		Key: r.key.String, SourceBytes: r.sourceBytes.Int64, Width: int(r.width.Int64), Height: int(r.height.Int64),
		Placeholder: r.placeholder.String, Compressed: files.Compressed, Variants: files.Variants,
		Notes: notes,
	}, nil
}

// outputs is what the column of that name holds.
type outputs struct {
	Compressed catalog.Output   `json:"compressed"`
	Variants   []catalog.Output `json:"variants"`
}

// encodeNotes is what the column of that name holds: a list, perhaps an empty
// one.
func encodeNotes(notes []catalog.Note) (string, error) {
	text, err := json.Marshal(append([]catalog.Note{}, notes...))
	if err != nil {
		return "", fmt.Errorf("encode notes: %w", err)
	}
	return string(text), nil
}

// UserExists implements catalog.Store.
func (s *Store) UserExists(ctx context.Context, id int64) (known bool, err error) {
	err = s.WithRetry(ctx, "look up user", func(ctx context.Context) error {
		return s.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE id = $1)`, id).Scan(&known)
	})
	return known, err
}

// ListProducts implements catalog.Store. The database adds up the texts, whose
// lengths both keep beside them, and reads those of the page only.
func (s *Store) ListProducts(ctx context.Context, f catalog.Filter) (list []catalog.Summary, err error) {
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
	err = s.WithRetry(ctx, "list products", func(ctx context.Context) error {
		list, err = sqldb.Collect(ctx, s.Reader, func(row sqldb.Row, p *catalog.Summary) error {
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
