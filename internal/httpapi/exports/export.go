package exports

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk/archive"
	"vitrine.dev/internal/bulk/export"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/upload"
)

// Handler serves exports. It is safe for concurrent use.
type Handler struct {
	Exports *export.Service
	Memory  httpkit.Budget
	Uploads *upload.Service
}

const (
	// exportMemory is what an export takes: a page (export.MaxPageBytes), its last product, whose
	// texts and URLs have at most half a megabyte, and what one product makes when it is encoded.
	exportMemory = 2 << 20
	// archiveMemory is what it takes with pictures: beside that a part of an archive, and which
	// pictures are in it.
	archiveMemory = 4 << 20
	// pageTimeout is how long a client may take for a page, or a piece of a picture.
	pageTimeout = time.Minute
)

// What an answer says of the log of events; the two last ones are trailers (RFC 9110, 6.5).
const (
	headerAfter     = "Vitrine-Events-After"
	trailerUntil    = "Vitrine-Events-Until"
	trailerProducts = "Vitrine-Products"
)

const (
	typeLines = "application/x-ndjson"
	typeCSV   = "text/csv"
	// sentCSV is in UTF-8 and has a header row (RFC 4180, section 3).
	sentCSV = typeCSV + "; charset=utf-8; header=present"

	paramFormat  = "format"
	paramIDs     = "ids"
	paramSources = "sources"
)

// formats are those that can be asked for.
func formats() []rows.Format { return []rows.Format{rows.NDJSON, rows.CSV} }

// Get answers with all products of the user: page after page, each read by itself and sent
// before the next is read. Nothing more is read once the client has left.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	query := httpkit.ParamsOf(r)
	format := formatOf(r, query)
	ids, sources := readIDs(query, format), query.Bool(paramSources)
	user := query.Integer(catalog.FieldUserID, catalog.MaxID)
	if err := query.Errors.Err(); err != nil {
		return err
	}
	user, err := auth.From(r.Context()).ForReading(user)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	memory := int64(exportMemory)
	if sources {
		memory = archiveMemory
	}
	held, err := h.Memory.Take(r.Context(), memory)
	if err != nil {
		return err
	}
	defer held.Free()
	e, err := h.Exports.Begin(r.Context(), user)
	if err != nil {
		return fmt.Errorf("begin export: %w", err)
	}
	contentType, to := map[rows.Format]string{rows.NDJSON: typeLines, rows.CSV: sentCSV}[format], file(rows.NewWriter(w, format))
	if sources {
		contentType = archive.Type
		open := func(sum [sha256.Size]byte) (blob.Object, error) { return h.Uploads.Source(r.Context(), sum) }
		to = archive.NewWriter(patient{w}, format, open)
	}
	w.Header().Set("Content-Type", contentType)
	if err := send(w, r, to, ids, e); err != nil {
		return fmt.Errorf("export products: %w", err)
	}
	return nil
}

// formatOf returns what the query asks for, or else the Accept header: NDJSON where it
// would not rather have CSV.
func formatOf(r *http.Request, query *httpkit.Params) rows.Format {
	switch text := rows.Format(query.Text(paramFormat)); {
	case text == rows.NDJSON, text == rows.CSV:
		return text
	case text != "":
		query.Errors.Add(paramFormat, "must be ndjson or csv")
	case httpkit.Prefers(r, typeCSV, typeLines):
		return rows.CSV
	}
	return rows.NDJSON
}

// readIDs reports whether the lines are to have the ids of the products.
func readIDs(query *httpkit.Params, format rows.Format) bool {
	ids := query.Bool(paramIDs)
	if ids && format == rows.CSV {
		query.Errors.Add(paramIDs, "needs the format ndjson")
	}
	return ids
}

// file is what an export is written to: a rows.Writer or an archive.Writer.
type file interface {
	Begin(after string) error
	Write(p rows.ProductRow) error
	End(until string, products int64) error
	Flush() error
}

// patient gives the client time for each piece that is written.
type patient struct{ http.ResponseWriter }

func (p patient) Write(b []byte) (int, error) {
	moreTime(p.ResponseWriter)
	return p.ResponseWriter.Write(b)
}

// moreTime gives the client pageTimeout from now on. A connection that has no deadlines ends by other means.
func moreTime(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pageTimeout))
}

func send(w http.ResponseWriter, r *http.Request, out file, ids bool, e *export.Export) error {
	page, err := e.Next(r.Context())
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Add("Vary", "Accept")
	header.Set(headerAfter, e.After.String())
	header.Set("Trailer", trailerUntil+", "+trailerProducts)
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	sent := http.NewResponseController(w)
	if err := out.Begin(e.After.String()); err != nil {
		return err
	}
	for len(page) > 0 {
		moreTime(w)
		for i, p := range page {
			if !ids {
				p.ID = 0
			}
			if err := out.Write(p); err != nil {
				return err
			}
			page[i] = rows.ProductRow{}
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if err := sent.Flush(); err != nil {
			return fmt.Errorf("flush: %w", err)
		}
		if page, err = e.Next(r.Context()); err != nil {
			return err
		}
	}
	until, err := e.Until(r.Context())
	if err != nil {
		return err
	}
	if err := out.End(until.String(), e.Products); err != nil {
		return err
	}
	header.Set(trailerUntil, until.String())
	header.Set(trailerProducts, strconv.FormatInt(e.Products, 10))
	return out.Flush()
}
