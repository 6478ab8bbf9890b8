package rows

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"vitrine.dev/internal/fault"
)

// MaxRowBytes bounds a row: what a request that creates one product may have.
const MaxRowBytes = 1 << 20

// FieldRow is the field of errors that are of a row as a whole.
const FieldRow = "row"

// Row is one row of a file.
type Row struct {
	Line   int64             // where it begins, from 1
	Object []byte            // the product, as a JSON object; nil where it cannot be read
	Faults fault.FieldErrors // why it cannot, or which of its columns
	Next   Position          // behind it
}

// Reader reads rows one after the other, with the memory of one row.
type Reader struct {
	in   *bufio.Reader
	head Head
	at   Position
}

// NewReader returns a Reader of what stands at the position, of a file with the head.
func NewReader(from io.Reader, head Head, at Position) *Reader { return newReader(from, head, at) }

// Read returns the next row, io.EOF where there is none. A row that cannot be read is
// no error: its Faults say why, and the next one is read. Of CSV that breaks off inside
// quotes one line is given up, and the next row begins with the one behind.
func (r *Reader) Read() (Row, error) {
	for {
		record, end, err := r.record()
		if err != nil {
			return Row{}, err
		}
		row := Row{Line: r.at.Line}
		blank := end != tooLong && r.isNoRow(bytes.TrimSpace(record))
		used := len(record)
		switch {
		case blank:
		case end == tooLong:
			row.Faults.Add(FieldRow, fmt.Sprintf("must have at most %d bytes", MaxRowBytes))
			used = firstLine(record)
		case !utf8.Valid(record):
			row.Faults.Add(FieldRow, "is not valid UTF-8")
			used = firstLine(record)
		case r.head.Format == CSV:
			if !r.fields(&row, record) {
				used = firstLine(record)
			}
		default:
			object(&row, record)
		}
		if err := r.skip(used); err != nil {
			return Row{}, err
		}
		if end == tooLong && record[used-1] != '\n' {
			if err := r.skipLine(); err != nil {
				return Row{}, err
			}
		}
		if row.Next = r.at; !blank {
			return row, nil
		}
	}
}

// isNoRow reports whether there is nothing on the line, or of NDJSON an ExportMark.
func (r *Reader) isNoRow(line []byte) bool {
	return len(line) == 0 || r.head.Format == NDJSON && isMark(line)
}

// ending says how a record ends.
type ending int

const (
	whole   ending = iota // with its line, or the file
	tooLong               // it has more than MaxRowBytes
)

// record returns the next record, which is not skipped: a line, or of CSV the lines up to
// the one behind which all quotes are closed. io.EOF where there is none.
func (r *Reader) record() ([]byte, ending, error) {
	quoted, scanned := false, 0
	for want := max(r.in.Buffered(), 1); ; {
		b, err := r.in.Peek(want)
		for ; scanned < len(b); scanned++ {
			switch b[scanned] {
			case '"':
				quoted = !quoted && r.head.Format == CSV
			case '\n':
				if !quoted {
					return b[:scanned+1], whole, nil
				}
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			if len(b) == 0 {
				return nil, whole, io.EOF
			}
			return b, whole, nil
		case err != nil:
			return nil, whole, fmt.Errorf("read the file: %w", err)
		case len(b) >= MaxRowBytes:
			return b, tooLong, nil
		}
		want = max(r.in.Buffered(), len(b)+1)
	}
}

// firstLine is the length of the first line of a record.
func firstLine(record []byte) int {
	if end := bytes.IndexByte(record, '\n'); end >= 0 {
		return end + 1
	}
	return len(record)
}

func (r *Reader) skip(n int) error {
	b, err := r.in.Peek(n)
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	r.at.Line += int64(bytes.Count(b, []byte("\n")))
	_, err = r.in.Discard(n)
	r.at.Offset += int64(n)
	return err
}

// skipLine skips the rest of a line of any length.
func (r *Reader) skipLine() error {
	for {
		b, err := r.in.ReadSlice('\n')
		r.at.Offset += int64(len(b))
		switch {
		case err == nil:
			r.at.Line++
			return nil
		case errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("read the file: %w", err)
		}
	}
}

// object takes a line of NDJSON.
func object(row *Row, line []byte) {
	line = bytes.TrimSpace(line)
	var raw json.RawMessage
	err := json.Unmarshal(line, &raw)
	syntax, broken := errors.AsType[*json.SyntaxError](err)
	switch {
	case broken:
		row.Faults.Add(FieldRow, fmt.Sprintf("is not valid JSON at byte %d: %v", syntax.Offset, syntax))
	case err != nil || line[0] != '{':
		row.Faults.Add(FieldRow, "must be a JSON object")
	default:
		row.Object = bytes.Clone(line)
	}
}

// fields takes a record of CSV; false where it is none. An empty cell is as if the row
// did not have the column.
func (r *Reader) fields(row *Row, record []byte) bool {
	cells, err := split(record, r.head.Comma)
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil {
			err = cause
		}
		row.Faults.Add(FieldRow, fmt.Sprintf("is not valid CSV: %v", err))
		return false
	}
	if len(cells) != len(r.head.Columns) {
		row.Faults.Add(FieldRow, fmt.Sprintf("has %d columns, the header has %d", len(cells), len(r.head.Columns)))
		return true
	}
	product := make(map[string]json.RawMessage, len(cells))
	for i, column := range r.head.Columns {
		value, reason := cell(column, cells[i])
		if row.Faults.Add(column, reason); value != nil {
			product[column] = value
		}
	}
	if row.Object, err = json.Marshal(product); err != nil { // it is made of what encodes
		row.Faults.Add(FieldRow, "cannot be read")
	}
	return true
}

// cell returns the JSON of a cell, nil where it is empty, or why it has none.
func cell(column, text string) (json.RawMessage, string) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" && (text == "" || column != Description) {
		return nil, ""
	}
	var value any = text
	switch column {
	case Price:
		value = trimmed
	case Images, ImageAlts, Metadata:
		begins := trimmed[0]
		switch {
		case begins == '[' && column != Metadata, begins == '{' && column == Metadata:
			if !json.Valid([]byte(trimmed)) {
				return nil, "is not valid JSON"
			}
			return json.RawMessage(trimmed), ""
		case column == Images:
			value = strings.Fields(trimmed)
		case column == ImageAlts:
			return nil, "must be a JSON array of texts"
		default:
			return nil, "must be a JSON object"
		}
	}
	encoded, err := json.Marshal(value)
	if err != nil { // texts encode
		return nil, "cannot be read"
	}
	return encoded, ""
}
