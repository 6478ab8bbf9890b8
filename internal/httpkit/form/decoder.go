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

// inside calls read at the beginning of each field or entry of a valid value.
func inside(value jsontext.Value, read func(d *decoder, i int) error) error {
	d := newDecoder(value)
	_, err := d.ReadToken()
	for i := 0; err == nil && d.PeekKind() != '}' && d.PeekKind() != ']'; i++ {
		err = read(d, i)
	}
	return err
}

// parse refuses a body that is not one JSON value in UTF-8, and gives the
// position of the error.
//
// A byte order mark before it, which many programs write, may be ignored by RFC
// 8259 section 8.1, and is.
func parse(body []byte) (jsontext.Value, error) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, httpkit.Refuse(http.StatusBadRequest, "the body is empty; it must be a JSON object")
	}
	if at := invalidUTF8(body); at >= 0 {
		return nil, httpkit.Refuse(http.StatusBadRequest, "the body is not valid UTF-8 at %s", position(body, at))
	}
	d := newDecoder(body)
	value, err := d.value()
	rest := bytes.TrimLeft(body[d.InputOffset():], " \t\r\n")
	at, reason := len(body)-len(rest), "more than one JSON value"
	switch syntax, ok := errors.AsType[*jsontext.SyntacticError](err); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		at, reason = len(body)-1, "unexpected end of JSON input"
	case ok:
		at, reason = int(syntax.ByteOffset), syntax.Err.Error()
	case err == nil && len(rest) == 0:
		return value, nil
	}
	return nil, httpkit.Refuse(http.StatusBadRequest, "the body is not valid JSON at %s: %s", position(body, at), reason)
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
