package page

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/signing"
)

// What a cursor that is not valid must be, by where a list has its next one.
const (
	FromLink = "must be taken from the Link of the page before"
	FromBody = "must be the next_cursor of the page before"
)

// Cursors make the cursors of all lists. A cursor is good only for the list that it was
// made of: the same path, selection and user. They are safe for concurrent use.
type Cursors struct{ keys *signing.Keys }

// NewCursors returns cursors that the keys sign.
func NewCursors(keys *signing.Keys) Cursors { return Cursors{keys} }

// Next returns the cursor of the position in the list of the request, whose parameters were
// read. fault.Unavailable.
func (c Cursors) Next(r *http.Request, position []byte) (string, error) {
	cursor, err := c.keys.Seal(r.Context(), signing.Cursors, binding(r), position)
	if err != nil {
		return "", fmt.Errorf("cursor of the next page: %w", err)
	}
	return cursor, nil
}

// Link sets the header that leads to the next page, as Next does.
func (c Cursors) Link(w http.ResponseWriter, r *http.Request, position []byte) error {
	return c.Of(r).Link(r.Context(), w, position)
}

// Pages are those of one list, as a request has named it. They are safe for concurrent use.
type Pages struct {
	keys    *signing.Keys
	path    string
	params  *httpkit.Params
	binding []byte
	last    atomic.Pointer[link]
}

// link is a header that leads to a position.
type link struct {
	edition  int64 // of the key that has signed its cursor
	position string
	header   []string
}

// Of returns the pages of the list of the request, whose parameters were read.
func (c Cursors) Of(r *http.Request) *Pages {
	return &Pages{keys: c.keys, path: r.URL.Path, params: httpkit.ParamsOf(r), binding: binding(r)}
}

// Link sets the header that leads to the next page, which begins at the position. It is made once for
// requests that are answered with the same page. fault.Unavailable.
func (p *Pages) Link(ctx context.Context, w http.ResponseWriter, position []byte) error {
	edition := p.keys.Edition() // before a cursor is made of it
	l := p.last.Load()
	if l == nil || l.edition != edition || l.position != string(position) {
		cursor, err := p.keys.Seal(ctx, signing.Cursors, p.binding, position)
		if err != nil {
			return fmt.Errorf("cursor of the next page: %w", err)
		}
		l = &link{edition, string(position), []string{p.params.Link(p.path, cursor)}}
		p.last.Store(l)
	}
	w.Header()["Link"] = l.header
	return nil
}

// Read returns the position that the request asks for, the zero one where it has no cursor. The other
// parameters were read before, so that it is known which selection they spell.
// Where its cursor is not of this list, or decode cannot read it, it adds the reason to the
// errors of the parameters. fault.Unavailable.
func Read[T any](c Cursors, r *http.Request, reason string, decode func(position []byte) (T, bool)) (position T, err error) {
	p := httpkit.ParamsOf(r)
	cursor := p.Text(httpkit.ParamCursor)
	if cursor == "" {
		return position, nil
	}
	b, err := c.keys.Open(r.Context(), signing.Cursors, binding(r), cursor)
	if err != nil && !errors.Is(err, signing.ErrNotSigned) {
		return position, fmt.Errorf("read the cursor: %w", err)
	}
	ok := false
	if err == nil {
		position, ok = decode(b)
	}
	if !ok {
		p.Errors.Add(httpkit.ParamCursor, reason)
	}
	return position, nil
}

// binding names the list of the request. A principal that has a list of one user only need not name it.
func binding(r *http.Request) []byte {
	by, p := auth.From(r.Context()), httpkit.ParamsOf(r)
	if by.Actor() != 0 && !by.ForAll() {
		p.Spell(auth.FieldUserID, "")
	}
	return fmt.Appendf(nil, "%d %q %q", by.User, r.URL.Path, p.Selection())
}

// EncodeID is a position in a list by id: the last one of the page before.
func EncodeID(id int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(id)) } //nolint:gosec // ids are positive

// DecodeID reads what EncodeID has written.
func DecodeID(position []byte) (id int64, ok bool) {
	if len(position) != 8 {
		return 0, false
	}
	id = int64(binary.BigEndian.Uint64(position)) //nolint:gosec // checked below
	return id, id >= 1 && id <= auth.MaxID
}
