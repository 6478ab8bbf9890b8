package imagesql

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// Row is the image's side of the join; all of it is null for a product
// without images, and the rendition's part for an image that is not ready.
type Row struct {
	ID                          sql.NullInt64
	url, status, reason, detail sql.NullString
	attempts                    sql.NullInt64
	key, placeholder            sql.NullString
	outputs, notes              sql.NullString
	sourceBytes, width, height  sql.NullInt64
}

// Fields are where a row is scanned to: id, source_url, status, attempts, reason and
// reason_detail of the image; key, source_bytes, width, height, placeholder,
// outputs and notes of the rendition.
func (r *Row) Fields() []any {
	return []any{
		&r.ID, &r.url, &r.status, &r.attempts, &r.reason, &r.detail,
		&r.key, &r.sourceBytes, &r.width, &r.height, &r.placeholder, &r.outputs, &r.notes,
	}
}

// Image returns the row as an image, with its rendition where it has one.
func (r *Row) Image() (catalog.Image, error) {
	img := catalog.Image{
		ID: r.ID.Int64, SourceURL: r.url.String, Status: catalog.Status(r.status.String), Attempts: int(r.attempts.Int64),
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

func (r *Row) rendition() (catalog.Rendition, error) {
	var files Outputs
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

// Outputs is what the column of that name holds.
type Outputs struct {
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
