package admin

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

const fieldFile = "file"

// beginImport receives a form whose last field is the file, which is read a piece at a time, and makes an import of it.
func (p *Pages) beginImport(r *http.Request) (answer frame.Answer, err error) {
	err = httpkit.Receive(r, p.Importing, imports.MaxBytes+httpkit.MaxFormBytes, func() error {
		fields, part, err := httpkit.FormFile(r, fieldFile)
		if err != nil {
			return err
		}
		order, err := orderOf(fields, part.FileName())
		if err != nil {
			return err
		}
		file := httpkit.NewFile(part, imports.MaxBytes)
		made, err := p.Imports.Begin(r.Context(), frame.ActingFor(auth.From(r.Context()), order.UserID), order, file)
		if refused := file.Refusal(); refused != nil {
			return refused
		}
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		answer = frame.Answer{SeeOther: fmt.Sprintf("/jobs/imports/%d", made.ID), Note: "The file was received, and is written in the background."}
		if order.DryRun {
			answer.Note = "The file was received, and is checked in the background: nothing of it is written."
		}
		return nil
	})
	return answer, err
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
