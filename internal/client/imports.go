package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/httpapi/wire"
)

// Import is an import, and how far it is.
type Import struct {
	wire.Import

	Raw json.RawMessage // as the server sent it
}

// Path is where the import is read.
func (i Import) Path() string { return importPath(i.ID) }

func importPath(id int64) string { return "/imports/" + strconv.FormatInt(id, 10) }

// ImportOrder says how a file is imported; what is empty is as the server has it.
type ImportOrder struct {
	Format      rows.Format
	User        int64
	ErrorPolicy string
	Mode        string
	DryRun      bool
	ImageRate   int64 // images a second
}

func (o ImportOrder) query() string {
	query := url.Values{}
	for name, text := range map[string]string{"error_policy": o.ErrorPolicy, "mode": o.Mode} {
		if text != "" {
			query.Set(name, text)
		}
	}
	for name, n := range map[string]int64{"user_id": o.User, "image_rate": o.ImageRate} {
		if n != 0 {
			query.Set(name, strconv.FormatInt(n, 10))
		}
	}
	if o.DryRun {
		query.Set("dry_run", "true")
	}
	return query.Encode()
}

// Import sends a file of that length, -1 for one that is not known. There is no import where it
// returns an error, unless that IsTemporary: then there may be one.
func (c *Client) Import(ctx context.Context, o ImportOrder, file io.Reader, bytes int64) (Import, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/imports?"+o.query(), io.NopCloser(file))
	if err != nil {
		return Import{}, fmt.Errorf("request: %w", err)
	}
	req.ContentLength = bytes
	req.Header.Set("Content-Type", "application/x-ndjson")
	if o.Format == rows.CSV {
		req.Header.Set("Content-Type", "text/csv")
	}
	got, err := c.finish(ctx, &http.Client{Transport: c.http.Transport}, req) // without a limit in time: a file may be long
	if err != nil {
		return Import{}, err
	}
	return readImport(got)
}

// ImportNow returns the import as it is.
func (c *Client) ImportNow(ctx context.Context, id int64) (Import, error) {
	return c.changedImport(ctx, http.MethodGet, importPath(id))
}

// PauseImport has an import wait, and ResumeImport go on.
func (c *Client) PauseImport(ctx context.Context, id int64) (Import, error) {
	return c.changedImport(ctx, http.MethodPost, importPath(id)+"/pause")
}

// ResumeImport is the end of PauseImport.
func (c *Client) ResumeImport(ctx context.Context, id int64) (Import, error) {
	return c.changedImport(ctx, http.MethodPost, importPath(id)+"/resume")
}

func (c *Client) changedImport(ctx context.Context, method, path string) (Import, error) {
	got, err := c.do(ctx, method, path, nil)
	if err != nil {
		return Import{}, err
	}
	return readImport(got)
}

func readImport(a answer) (Import, error) {
	i := Import{Raw: bytes.TrimSpace(a.body)}
	return i, a.decode(&i.Import)
}

// ImportResults calls each for what became of the rows, in the order of the file, until it
// returns false.
func (c *Client) ImportResults(ctx context.Context, id int64, each func(wire.ImportResult) bool) error {
	resp, err := c.open(ctx, importPath(id)+"/results")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for lines := json.NewDecoder(resp.Body); ; {
		var result wire.ImportResult
		switch err := lines.Decode(&result); {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("the server's answer: %w", err)
		case !each(result):
			return nil
		}
	}
}
