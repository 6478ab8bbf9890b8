package rows

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"vitrine.dev/internal/fault"
)

// The columns, named as the API's fields.
const (
	ExternalID  = "external_id"
	Name        = "product_name"
	Description = "product_description"
	Price       = "product_price"
	Images      = "product_images" // a list of URLs
	ImageAlts   = "image_alts"     // a list of texts, by the positions of the images
	Metadata    = "metadata"       // a JSON object
)

// Columns lists them in the order in which files are written.
func Columns() []string {
	return []string{ExternalID, Name, Description, Price, Images, ImageAlts, Metadata}
}

// Format is how a file is written.
type Format string

// The formats.
const (
	NDJSON Format = "ndjson" // a JSON object in every line
	CSV    Format = "csv"    // with a header row
)

// FieldFile is the field of errors that are of the file as a whole.
const FieldFile = "file"

// Head is what must be known of a file to read it from any row on.
type Head struct {
	Format  Format   `json:"format"`
	Comma   rune     `json:"comma,omitempty"`   // between the columns of CSV
	Columns []string `json:"columns,omitempty"` // of CSV
	First   Position `json:"first"`             // of the first row
}

// Position is where a row begins.
type Position struct {
	Offset int64 `json:"offset"` // in bytes
	Line   int64 `json:"line"`   // from 1
}

// ReadHead reads the beginning of a file: a byte order mark, and the header of CSV, whose
// delimiter is a comma, a semicolon or a tab: the one by which it has the most columns
// that there are. fault.Invalid where it has a column that there is not, or has it twice,
// or is not in UTF-8, or has no row.
func ReadHead(from io.Reader, format Format) (Head, error) {
	r := newReader(from, Head{Format: format}, Position{Line: 1})
	first, err := r.in.Peek(len(mark))
	if err != nil && err != io.EOF {
		return Head{}, err
	}
	switch {
	case bytes.HasPrefix(first, []byte("\xFE\xFF")), bytes.HasPrefix(first, []byte("\xFF\xFE")):
		return Head{}, fault.InvalidField(FieldFile, "is in UTF-16; it must be in UTF-8")
	case bytes.Equal(first, []byte(mark)):
		if err := r.skip(len(mark)); err != nil {
			return Head{}, err
		}
	}
	head := Head{Format: format, First: r.at}
	if format == NDJSON {
		if _, err := r.in.Peek(1); err == io.EOF {
			return Head{}, fault.InvalidField(FieldFile, "is empty")
		}
		return head, nil
	}
	return head, r.header(&head)
}

// mark is the byte order mark in UTF-8.
const mark = "\uFEFF"

func (r *Reader) header(head *Head) error {
	r.head.Format = CSV
	record, end, err := r.record()
	switch {
	case err == io.EOF: //nolint:errorlint // record returns it as it is
		return fault.InvalidField(FieldFile, "is empty; the first row must name the columns")
	case err != nil:
		return err
	case end == tooLong:
		return fault.InvalidField(FieldFile, fmt.Sprintf("has a header of more than %d bytes", MaxRowBytes))
	case !utf8.Valid(record):
		return fault.InvalidField(FieldFile, "is not valid UTF-8 in its header")
	}
	most := -1
	for _, comma := range ",;\t" {
		columns, err := split(record, comma)
		if err != nil {
			continue
		}
		known := 0
		for i, c := range columns {
			columns[i] = strings.TrimSpace(c)
			if slices.Contains(Columns(), columns[i]) {
				known++
			}
		}
		if known > most {
			most, head.Comma, head.Columns = known, comma, columns
		}
	}
	if most < 0 {
		return fault.InvalidField(FieldFile, "has a header that is not valid CSV")
	}
	if err := checkColumns(head.Columns); err != nil {
		return err
	}
	if err := r.skip(len(record)); err != nil {
		return err
	}
	head.First = r.at
	return nil
}

func checkColumns(columns []string) error {
	var bad fault.FieldErrors
	for i, c := range columns {
		switch {
		case !slices.Contains(Columns(), c):
			bad.Add(FieldFile, fmt.Sprintf("has the unknown column %q; columns are %s", shortened(c), strings.Join(Columns(), ", ")))
		case slices.Contains(columns[:i], c):
			bad.Add(FieldFile, fmt.Sprintf("has the column %s twice", c))
		}
	}
	return bad.Err()
}

// shortened is the beginning of a text of any length.
func shortened(text string) string {
	const most = 64
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// split parses one record of CSV. Its cells keep their line breaks as they are: the package
// takes one carriage return from each, so it is given two.
func split(record []byte, comma rune) ([]string, error) {
	record = bytes.TrimSuffix(bytes.TrimSuffix(record, []byte("\n")), []byte("\r"))
	c := csv.NewReader(bytes.NewReader(bytes.ReplaceAll(record, []byte("\r\n"), []byte("\r\r\n"))))
	c.Comma, c.FieldsPerRecord = comma, -1
	return c.Read()
}

// newReader reads from what stands at the position.
func newReader(from io.Reader, head Head, at Position) *Reader {
	return &Reader{in: bufio.NewReaderSize(from, MaxRowBytes), head: head, at: at}
}
