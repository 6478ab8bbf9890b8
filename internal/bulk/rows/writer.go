package rows

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
)

// ProductRow is what a row says of a product: what clients write of it. What is empty is
// not in the row. The same products make the same bytes.
type ProductRow struct {
	ID          int64             `json:"id,omitempty"                  required:"false" minimum:"1" doc:"Only with ids=true: as events name the product. A file that has it is not for an import" example:"101" typical:"false"`
	ExternalID  string            `json:"external_id,omitempty"         required:"false" doc:"The client's own id or SKU, unique among the products of the user; absent for none" example:"SKU-4711"`
	Name        string            `json:"product_name"                  example:"Smartphone"`
	Description string            `json:"product_description,omitempty" required:"false" doc:"Absent where it is empty" example:"Latest model with advanced features"`
	Price       json.Number       `json:"product_price"`
	Images      []string          `json:"product_images,omitempty"      required:"false" nullable:"false" doc:"The URLs of the source images; absent for none" example:"https://example.com/image1.jpg"`
	Alts        []string          `json:"image_alts,omitempty"          required:"false" nullable:"false" doc:"What the images show, in words, by their positions; absent where no one has said it of any" example:"The phone from the front"`
	Metadata    map[string]string `json:"metadata,omitempty"            required:"false" nullable:"false" doc:"The client's own pairs, sorted by key; absent for none" example:"{\"season\":\"winter\"}"`
}

// Bytes is about how much memory the row takes.
func (p ProductRow) Bytes() int {
	n := len(p.ExternalID) + len(p.Name) + len(p.Description)
	for _, list := range [][]string{p.Images, p.Alts} {
		for _, text := range list {
			n += len(text)
		}
	}
	for key, value := range p.Metadata {
		n += len(key) + len(value)
	}
	return n
}

// ExportMark is a line of NDJSON that is no product: the first of an export, and the last,
// without which it is not whole. Readers of rows skip it.
type ExportMark struct {
	Export ExportPlace `json:"export"`
}

// ExportPlace is where an export stands in the log of events.
type ExportPlace struct {
	After    string `json:"events_after,omitempty" required:"false" doc:"In the first line: where to read events on, GET /events?after=…, to hear of every change that is not in the file" example:"evt_5f0c9d1b2a3e4f60_4711"`
	Until    string `json:"events_until,omitempty" required:"false" doc:"In the last line: nothing in the file is newer than this event" example:"evt_5f0c9d1b2a3e4f60_4720" typical:"false"`
	Products *int64 `json:"products,omitempty"     required:"false" minimum:"0" doc:"In the last line: how many the file has" example:"1200" typical:"false"`
}

// isMark reports whether the line, which has no blanks around it, is an ExportMark.
func isMark(line []byte) bool {
	return bytes.HasPrefix(line, []byte(`{"export":{`)) && json.Valid(line)
}

// Writer writes rows. It is buffered; after an error it writes nothing more.
type Writer struct {
	out    *bufio.Writer
	format Format
	record bytes.Buffer // what is written next, reused
	json   *json.Encoder
	csv    *csv.Writer
}

const writeBuffer = 32 << 10

// NewWriter returns a Writer of a file of the format.
func NewWriter(to io.Writer, format Format) *Writer {
	w := &Writer{out: bufio.NewWriterSize(to, writeBuffer), format: format}
	w.json, w.csv = json.NewEncoder(&w.record), csv.NewWriter(&w.record)
	w.json.SetEscapeHTML(false)
	return w
}

// Begin writes what stands before the rows: in NDJSON the position behind which events
// follow, in CSV, which has no place for it, the header.
func (w *Writer) Begin(after string) error {
	if w.format == CSV {
		return w.cells(Columns())
	}
	return w.line(ExportMark{ExportPlace{After: after}})
}

// Write writes a row; in CSV without the ID, which has no column.
func (w *Writer) Write(p ProductRow) error {
	if w.format != CSV {
		return w.line(p)
	}
	cells := make([]string, 0, len(Columns()))
	cells = append(cells, p.ExternalID, p.Name, p.Description, p.Price.String())
	for _, list := range [][]string{p.Images, p.Alts} {
		if len(list) == 0 {
			cells = append(cells, "")
			continue
		}
		text, err := w.text(list)
		if err != nil {
			return err
		}
		cells = append(cells, text)
	}
	pairs := ""
	if len(p.Metadata) > 0 {
		var err error
		if pairs, err = w.text(p.Metadata); err != nil {
			return err
		}
	}
	return w.cells(append(cells, pairs))
}

// End writes what stands behind the rows: in NDJSON a line that says that they are all.
func (w *Writer) End(until string, products int64) error {
	if w.format == CSV {
		return nil
	}
	return w.line(ExportMark{ExportPlace{Until: until, Products: &products}})
}

// Flush writes what is in the buffer.
func (w *Writer) Flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// text is the value as JSON for a cell.
func (w *Writer) text(value any) (string, error) {
	w.record.Reset()
	if err := w.json.Encode(value); err != nil {
		return "", fmt.Errorf("encode a cell: %w", err)
	}
	return string(bytes.TrimSuffix(w.record.Bytes(), []byte("\n"))), nil
}

func (w *Writer) line(value any) error {
	w.record.Reset()
	if err := w.json.Encode(value); err != nil {
		return fmt.Errorf("encode a row: %w", err)
	}
	return w.copyRecord()
}

// cells writes a record. Its end is CRLF (RFC 4180); line breaks in cells stay what they are,
// for which the end is not left to the package.
func (w *Writer) cells(cells []string) error {
	w.record.Reset()
	if err := w.csv.Write(cells); err != nil {
		return fmt.Errorf("encode a row: %w", err)
	}
	w.csv.Flush()
	w.record.Truncate(w.record.Len() - len("\n"))
	w.record.WriteString("\r\n")
	return w.copyRecord()
}

func (w *Writer) copyRecord() error {
	if _, err := w.out.Write(w.record.Bytes()); err != nil {
		return fmt.Errorf("write a row: %w", err)
	}
	return nil
}
