package form

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/httpkit"
)

// decoder reads JSON in UTF-8. Names that are given twice and halves of surrogate
// pairs are errors of their fields, not of the syntax.
type decoder struct {
	*jsontext.Decoder

	text []byte
}

func newDecoder(text []byte) *decoder {
	return &decoder{jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), text}
}

// value reads the next value, as a part of the text.
func (d *decoder) value() (jsontext.Value, error) {
	v, err := d.ReadValue()
	end := d.InputOffset()
	return d.text[end-int64(len(v)) : end], err
}

// inside calls read at the beginning of each field or entry of the next value.
func (d *decoder) inside(read func(i int) error) error {
	_, err := d.ReadToken()
	for i := 0; err == nil && d.PeekKind() != '}' && d.PeekKind() != ']'; i++ {
		err = read(i)
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return err
}

// newDocument refuses a body that is empty or not in UTF-8.
//
// A byte order mark before it, which many programs write, may be ignored by RFC
// 8259 section 8.1, and is.
func newDocument(body []byte) (*decoder, error) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, httpkit.Refuse(http.StatusBadRequest, "the body is empty; it must be a JSON object")
	}
	if at := invalidUTF8(body); at >= 0 {
		return nil, httpkit.Refuse(http.StatusBadRequest, "the body is not valid UTF-8 at %s", position(body, at))
	}
	return newDecoder(body), nil
}

// end refuses a body of which reading one value ended with the error, or which goes
// on behind it, and gives the position.
func (d *decoder) end(err error) error {
	rest := bytes.TrimLeft(d.text[d.InputOffset():], " \t\r\n")
	at, reason := len(d.text)-len(rest), "more than one JSON value"
	switch syntax, ok := errors.AsType[*jsontext.SyntacticError](err); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		at, reason = len(d.text)-1, "unexpected end of JSON input"
	case ok:
		at, reason = int(syntax.ByteOffset), syntax.Err.Error()
	case err == nil && len(rest) == 0:
		return nil
	}
	return httpkit.Refuse(http.StatusBadRequest, "the body is not valid JSON at %s: %s", position(d.text, at), reason)
}

func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
}

// position counts lines and columns (in bytes) from 1.
func position(b []byte, at int) string {
	before := b[:min(at, len(b))]
	return fmt.Sprintf("line %d, column %d", 1+bytes.Count(before, []byte("\n")), len(before)-bytes.LastIndexByte(before, '\n'))
}
