package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
)

// Bounds of one chunk.
const (
	mostRows = 100
	// mostBytes bounds the rows that are held, each of which may have rows.MaxRowBytes.
	mostBytes = 4 << 20
	// mostTime is how long a transaction should take: longer ones get fewer rows.
	mostTime = 200 * time.Millisecond
)

// stream is the file of an import that is read, with the rows that were read and not committed.
type stream struct {
	body  io.Closer
	rows  *rows.Reader
	at    rows.Position // of the first of ahead
	ahead []rows.Row
	end   bool // nothing is behind ahead
	limit int  // of rows in the next chunk

	busy bool      // a step reads it
	used time.Time // by the last one
}

// open opens the file where the import is.
func open(ctx context.Context, blobs Blobs, i Import) (*stream, error) {
	// The file stays open from one step to the next, each of which has a context of its own.
	object, err := blobs.OpenFrom(context.WithoutCancel(ctx), i.Key, i.At.Offset)
	if err != nil {
		return nil, fmt.Errorf("open the file of import %d: %w", i.ID, err)
	}
	return &stream{body: object.Body, rows: rows.NewReader(object.Body, i.Head, i.At), at: i.At, limit: mostRows}, nil
}

// reaches moves to the position, where it is behind rows that were read ahead.
func (s *stream) reaches(to rows.Position) bool {
	for s.at != to && len(s.ahead) > 0 {
		s.at, s.ahead = s.ahead[0].Next, s.ahead[1:]
	}
	return s.at == to
}

// chunk returns the next rows, which it goes on to hold: it ends before a row with an external id
// that it has, and behind so many images, 0 for any number.
func (s *stream) chunk(judge func(rows.Row) (Line, int), images int) (Chunk, error) {
	c := Chunk{From: s.at, To: s.at}
	had := make(map[string]bool)
	bytes, left := 0, images
	for n := 0; n < s.limit && bytes < mostBytes; n++ {
		if n == len(s.ahead) && !s.end {
			row, err := s.rows.Read()
			switch {
			case errors.Is(err, io.EOF):
				s.end = true
			case err != nil:
				return c, err
			default:
				s.ahead = append(s.ahead, row)
			}
		}
		if n == len(s.ahead) {
			c.End = true
			break
		}
		bytes += len(s.ahead[n].Object)
		line, asks := judge(s.ahead[n])
		if line.Entry != nil && had[line.ExternalID] || images > 0 && n > 0 && asks > left {
			break
		}
		left -= min(asks, left)
		if line.Entry != nil && line.ExternalID != "" {
			had[line.ExternalID] = true
		}
		c.Lines, c.To = append(c.Lines, line), s.ahead[n].Next
	}
	return c, nil
}

// took has the next chunk be as large as one in the time would have been.
func (s *stream) took(took time.Duration) {
	switch {
	case took > mostTime:
		s.limit = max(s.limit/2, 1)
	case took < mostTime/2:
		s.limit = min(2*s.limit, mostRows)
	}
}

// judge checks a row of the import, and counts the images that it names.
func judge(i Import, decode func([]byte) catalog.Row) func(rows.Row) (Line, int) {
	return func(r rows.Row) (Line, int) {
		l := Line{Number: r.Line, Errors: faults(r.Faults)}
		if len(r.Faults) > 0 {
			return l, 0
		}
		row := decode(r.Object)
		entry, err := row.Entry(i.UserID, i.Mode, i.RequestID())
		if err != nil {
			bad := catalog.FieldsOf(err, rows.FieldRow)
			if !bad.Has(catalog.FieldExternalID) && !bad.Full() { // it is one
				l.ExternalID = row.ExternalID
			}
			l.Errors = faults(bad)
			return l, 0
		}
		l.Entry, l.ExternalID = &entry, entry.ExternalID
		if row.Images == nil {
			return l, 0
		}
		return l, len(*row.Images)
	}
}
