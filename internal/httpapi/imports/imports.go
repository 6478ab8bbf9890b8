package imports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/paging"
	"vitrine.dev/internal/upload"
)

// Handler serves imports. It is safe for concurrent use.
type Handler struct {
	Service *imports.Service
	Cursors page.Cursors
	// Receiving bounds what files that are received take of the disk.
	Receiving httpkit.Budget
	Uploads   *upload.Service
}

const (
	typeLines = "application/x-ndjson"
	typeCSV   = "text/csv"

	paramImages = "images"
	paramUpload = "upload"
	paramFormat = "format"

	// pageRows is how many results are read at once, and pageTimeout how long a client may take for them.
	pageRows    = 500
	pageTimeout = time.Minute
)

// Begin receives a file, and makes an import of it.
func (h *Handler) Begin(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	order, err := readOrder(p)
	if err != nil {
		return err
	}
	if p.Text(paramUpload) != "" {
		return h.beginUploaded(w, r, order)
	}
	contentType, err := httpkit.BodyType(r, "Accept-Post", typeLines, typeCSV)
	if err != nil {
		return err
	}
	order.Format = map[string]rows.Format{typeLines: rows.NDJSON, typeCSV: rows.CSV}[contentType]
	return httpkit.Receive(r, h.Receiving, imports.MaxBytes, func() error {
		body := httpkit.NewFile(r.Body, imports.MaxBytes)
		made, err := h.Service.Begin(r.Context(), auth.From(r.Context()), order, body)
		if refused := body.Refusal(); refused != nil {
			return refused
		}
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		return kind().Accepted(w, made.ID, made)
	})
}

// beginUploaded makes an import of what was uploaded in two steps.
func (h *Handler) beginUploaded(w http.ResponseWriter, r *http.Request, order imports.Order) error {
	if r.ContentLength != 0 {
		return fault.InvalidParameter(paramUpload, "takes the place of a body")
	}
	ctx := r.Context()
	object, err := h.Uploads.Content(ctx, auth.From(ctx), httpkit.ParamsOf(r).Text(paramUpload))
	if errors.Is(err, upload.ErrNoUpload) || errors.Is(err, upload.ErrNotSent) {
		return fault.InvalidParameter(paramUpload, "is not an upload of yours that is complete and has not expired")
	}
	if err != nil {
		return fmt.Errorf("import upload: %w", err)
	}
	defer object.Body.Close()
	return httpkit.WithRoom(r, h.Receiving, object.Bytes, func() error {
		made, err := h.Service.Begin(ctx, auth.From(ctx), order, object.Body)
		if err != nil {
			return fmt.Errorf("import upload: %w", err)
		}
		return kind().Accepted(w, made.ID, made)
	})
}

func readOrder(p *httpkit.Params) (o imports.Order, err error) {
	switch o.Format = rows.Format(p.Text(paramFormat)); {
	case o.Format == "":
		o.Format = rows.NDJSON
	case o.Format != rows.NDJSON && o.Format != rows.CSV:
		p.Errors.Add(paramFormat, "must be ndjson or csv")
	case p.Text(paramUpload) == "":
		p.Errors.Add(paramFormat, "is of an upload: a body has its Content-Type")
	}
	o.Policy, o.Mode = bulk.Policy(p.Text(bulk.FieldPolicy)), catalog.Mode(p.Text(bulk.FieldMode))
	if p.Text(catalog.FieldUserID) != "" {
		o.UserID = p.Integer(catalog.FieldUserID, catalog.MaxID)
	}
	if p.Text(imports.FieldImageRate) != "" {
		o.ImageRate = p.Integer(imports.FieldImageRate, imports.MaxImageRate)
	}
	o.DryRun = p.Bool(imports.FieldDryRun)
	return o, p.Errors.Err()
}

// List answers with one page, newest first.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	user := int64(0)
	if p.Text(catalog.FieldUserID) != "" {
		user = p.Integer(catalog.FieldUserID, catalog.MaxID)
	}
	read := func(ctx context.Context, before int64, limit int) ([]imports.Import, bool, error) {
		return h.Service.List(ctx, auth.From(ctx), user, before, limit)
	}
	return page.Serve(h.Cursors, w, r, "imports", paging.Most, read, wired, func(i imports.Import) int64 { return i.ID })
}

// Get answers with one import.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	return kind().One(w, r, "get", h.Service.Get)
}

// Pause has an import wait.
func (h *Handler) Pause(w http.ResponseWriter, r *http.Request) error {
	return kind().One(w, r, "pause", h.Service.Pause)
}

// Resume has a paused import go on.
func (h *Handler) Resume(w http.ResponseWriter, r *http.Request) error {
	return kind().One(w, r, "resume", h.Service.Resume)
}

// Cancel ends an import early.
func (h *Handler) Cancel(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	images := p.Bool(paramImages)
	if err := p.Errors.Err(); err != nil {
		return err
	}
	return kind().One(w, r, "cancel", func(ctx context.Context, by auth.Principal, id int64) (imports.Import, error) {
		return h.Service.Cancel(ctx, by, id, images)
	})
}

func kind() jobs.Kind[imports.Import, wire.Import] {
	return jobs.Kind[imports.Import, wire.Import]{Name: "import", Path: "/imports", Wire: wired}
}

// Results answers with what became of the rows, page after page, each read by itself and sent
// before the next is read.
func (h *Handler) Results(w http.ResponseWriter, r *http.Request) error {
	id, err := httpkit.PathInteger(r, "id", catalog.MaxID)
	if err != nil {
		return err
	}
	list, err := h.Service.Results(r.Context(), auth.From(r.Context()), id, 0, pageRows)
	if err != nil {
		return fmt.Errorf("results of import %d: %w", id, err)
	}
	w.Header().Set("Content-Type", typeLines)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	var page bytes.Buffer
	sent, lines := http.NewResponseController(w), httpkit.NewEncoder(&page)
	for len(list) > 0 {
		_ = sent.SetWriteDeadline(time.Now().Add(pageTimeout)) // a connection that has no deadlines ends by other means
		for _, result := range list {
			if err := lines.Encode(wiredResult(result)); err != nil {
				return fmt.Errorf("encode results of import %d: %w", id, err)
			}
		}
		_, err := page.WriteTo(w)
		if err == nil {
			err = sent.Flush()
		}
		if err != nil {
			return fmt.Errorf("send results of import %d: %w", id, err)
		}
		if list, err = h.Service.Results(r.Context(), auth.From(r.Context()), id, list[len(list)-1].Line, pageRows); err != nil {
			return fmt.Errorf("results of import %d: %w", id, err)
		}
	}
	return nil
}

func wired(i imports.Import) wire.Import {
	answer := wire.Import{
		ID: i.ID, UserID: i.UserID, State: string(i.State()), DryRun: i.DryRun, ErrorPolicy: string(i.Policy), Mode: string(i.Mode),
		ImageRate: i.Rate, Bytes: i.Bytes, SHA256: i.SHA256, Images: wiredImages(i.ImageCounts), PerSecond: float64(i.Speed) / 1000,
		Rows: wire.ImportRows{
			Read: i.Read, Created: i.Created, Updated: i.Updated, Unchanged: i.Unchanged, Failed: i.Failed, Superseded: i.Superseded,
		},
		CreatedAt: i.CreatedAt, FinishedAt: wire.OrNil(i.FinishedAt),
	}
	if left, ok := i.TimeLeft(); ok {
		seconds := int64(left / time.Second)
		answer.SecondsLeft = &seconds
	}
	return answer
}

func wiredImages(c imports.ImageCounts) wire.ImportImages {
	return wire.ImportImages{Waiting: c.ImagesWaiting, Ready: c.ImagesReady, Failed: c.ImagesFailed}
}

func wiredResult(r imports.Result) wire.ImportResult {
	result := wire.ImportResult{
		Line: r.Line, ExternalID: r.ExternalID, ProductID: r.ProductID, Outcome: string(r.Outcome), Images: wiredImages(r.ImageCounts),
	}
	for _, f := range r.Errors {
		result.Errors = append(result.Errors, wire.RowError{Field: f.Name, Reason: f.Reason})
	}
	return result
}
