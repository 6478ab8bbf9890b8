package admin

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

const (
	fieldFile = "file"
	// maxFormBytes is for all of the form but the file, and maxFieldBytes for one field.
	maxFormBytes  = 64 << 10
	maxFieldBytes = 1 << 10
	// mostTime is how long a file may take to arrive, as of the API.
	mostTime = 2 * time.Hour
)

// beginImport receives a form whose last field is the file, which is read a piece at a time, and makes an import of it.
func (p *Pages) beginImport(r *http.Request) (frame.Answer, error) {
	const most = imports.MaxBytes + maxFormBytes
	if err := httpkit.LargeBody(r, most); err != nil {
		return frame.Answer{}, err
	}
	defer httpkit.Received(r)
	room, err := p.Importing.Take(r.Context(), httpkit.Announced(r, most))
	if err != nil {
		return frame.Answer{}, err
	}
	defer room.Free()
	parts, err := r.MultipartReader()
	if err != nil {
		return frame.Answer{}, httpkit.Refuse(http.StatusUnsupportedMediaType, "the body must be a form with a file")
	}
	fields := map[string]string{}
	for len(fields) < 10 {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && part.FormName() == fieldFile {
			return p.receive(r, fields, part)
		}
		if err == nil {
			var text []byte
			text, err = io.ReadAll(io.LimitReader(part, maxFieldBytes))
			fields[part.FormName()] = string(text)
		}
		if err != nil {
			return frame.Answer{}, httpkit.BodyRefusal(err)
		}
	}
	var bad fault.FieldErrors
	bad.Add(fieldFile, "is required")
	return frame.Answer{}, bad.Err()
}

// receive makes an import of the file as the fields before it say.
func (p *Pages) receive(r *http.Request, fields map[string]string, part *multipart.Part) (frame.Answer, error) {
	order, err := orderOf(fields, part.FileName())
	if err != nil {
		return frame.Answer{}, err
	}
	body := &arriving{Reader: part, until: time.Now().Add(mostTime)}
	made, err := p.Imports.Begin(r.Context(), frame.ActingFor(auth.From(r.Context()), order.UserID), order, body)
	switch {
	case body.err != nil:
		return frame.Answer{}, httpkit.BodyRefusal(body.err)
	case errors.Is(err, imports.ErrTooLarge):
		return frame.Answer{}, httpkit.BodyRefusal(&http.MaxBytesError{Limit: imports.MaxBytes})
	case err != nil:
		return frame.Answer{}, fmt.Errorf("import: %w", err)
	}
	note := "The file was received, and is written in the background."
	if order.DryRun {
		note = "The file was received, and is checked in the background: nothing of it is written."
	}
	return frame.Answer{SeeOther: fmt.Sprintf("/jobs/imports/%d", made.ID), Note: note}, nil
}

// orderOf reads the fields; the format is that of the file's name where none says it.
func orderOf(fields map[string]string, file string) (o imports.Order, err error) {
	var bad fault.FieldErrors
	number := func(name string, most int64) (n int64) {
		if text := strings.TrimSpace(fields[name]); text != "" {
			var ok bool
			if n, ok = httpkit.ParseInteger(text, most); !ok {
				bad.Add(name, httpkit.IntegerReason(most))
			}
		}
		return n
	}
	o.UserID = number(catalog.FieldUserID, auth.MaxID)
	o.ImageRate = number(imports.FieldImageRate, imports.MaxImageRate)
	o.Policy, o.Mode, o.DryRun = bulk.Policy(fields[bulk.FieldPolicy]), catalog.Mode(fields[bulk.FieldMode]), fields[imports.FieldDryRun] != ""
	switch strings.ToLower(path.Ext(file)) {
	case ".csv":
		o.Format = rows.CSV
	case ".ndjson", ".jsonl", ".json":
		o.Format = rows.NDJSON
	default:
		bad.Add(fieldFile, "must have a name that ends with .csv, .ndjson or .jsonl")
	}
	return o, bad.Err()
}

// arriving is a file that ends in time, and keeps the error of its body, which is the client's.
type arriving struct {
	io.Reader

	until time.Time
	err   error
}

func (a *arriving) Read(p []byte) (n int, err error) {
	if n, err = a.Reader.Read(p); err == nil && time.Now().After(a.until) {
		err = os.ErrDeadlineExceeded
	}
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = err
	}
	return n, err
}
