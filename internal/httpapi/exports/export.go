package exports

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk/export"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit"
)

// Handler serves exports. It is safe for concurrent use.
type Handler struct {
	Exports *export.Service
	Memory  httpkit.Budget
}

const (
	// exportMemory is what an export takes: a page (export.MaxPageBytes), its last product, whose
	// texts and URLs have at most half a megabyte, and what one product makes when it is encoded.
	exportMemory = 2 << 20
	// pageTimeout is how long a client may take for a page.
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

	paramFormat = "format"
	paramIDs    = "ids"
)

// formats are those that can be asked for.
func formats() []rows.Format { return []rows.Format{rows.NDJSON, rows.CSV} }

// Get answers with all products of the user: page after page, each read by itself and sent
// before the next is read. Nothing more is read once the client has left.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	query := httpkit.ParamsOf(r)
	format := formatOf(r, query)
	ids := readIDs(query, format)
	user := query.Integer(catalog.FieldUserID, catalog.MaxID)
	if err := query.Errors.Err(); err != nil {
		return err
	}
	user, err := auth.From(r.Context()).ForReading(user)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	held, err := h.Memory.Take(r.Context(), exportMemory)
	if err != nil {
		return err
	}
	defer held.Free()
	e, err := h.Exports.Begin(r.Context(), user)
	if err != nil {
		return fmt.Errorf("begin export: %w", err)
	}
	if err := send(w, r, format, ids, e); err != nil {
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

func send(w http.ResponseWriter, r *http.Request, format rows.Format, ids bool, e *export.Export) error {
	page, err := e.Next(r.Context())
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", map[rows.Format]string{rows.NDJSON: typeLines, rows.CSV: sentCSV}[format])
	header.Set("Cache-Control", "no-store")
	header.Add("Vary", "Accept")
	header.Set(headerAfter, e.After.String())
	header.Set("Trailer", trailerUntil+", "+trailerProducts)
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	sent := http.NewResponseController(w)
	out := rows.NewWriter(w, format)
	if err := out.Begin(e.After.String()); err != nil {
		return err
	}
	for len(page) > 0 {
		_ = sent.SetWriteDeadline(time.Now().Add(pageTimeout)) // a connection that has no deadlines ends by other means
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
