package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vitrine.dev/internal/bulk/rows"
)

// Export is what an export says of itself.
type Export struct {
	After    string // where events follow: GET /events?after=…
	Until    string // nothing in the file is newer than this event
	Products int64
	// Whole reports whether the end has arrived. Of CSV and of an archive it comes as an HTTP
	// trailer, which not every proxy passes on.
	Whole bool
}

// exportSilence is how long the server may send nothing amid an export.
const exportSilence = 2 * time.Minute

var errSilent = errors.New("the server has sent nothing for " + exportSilence.String())

// ExportOrder says what is exported.
type ExportOrder struct {
	Format  rows.Format
	User    int64 // 0 for that of the key
	Sources bool  // as an archive, with the pictures that clients have sent
}

// Export writes all products of the user as a file of the format, or as an archive. What was
// written before an error is no whole file.
func (c *Client) Export(ctx context.Context, o ExportOrder, to io.Writer) (Export, error) {
	query := url.Values{"format": {string(o.Format)}}
	if o.User != 0 {
		query.Set("user_id", strconv.FormatInt(o.User, 10))
	}
	if o.Sources {
		query.Set("sources", "true")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(exportSilence, func() { cancel(errSilent) })
	defer silent.Stop()
	resp, err := c.open(ctx, "/exports?"+query.Encode()) //nolint:bodyclose // it is closed below
	if err != nil {
		return Export{}, err
	}
	defer resp.Body.Close()
	var end tail
	fed := reader(func(p []byte) (int, error) {
		n, err := resp.Body.Read(p)
		if n > 0 {
			silent.Reset(exportSilence)
		}
		return n, err
	})
	if _, err := io.Copy(io.MultiWriter(to, &end), fed); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return Export{}, fmt.Errorf("the export has broken off: %w", err)
	}
	e := Export{After: resp.Header.Get("Vitrine-Events-After"), Until: resp.Trailer.Get("Vitrine-Events-Until")}
	e.Products, err = strconv.ParseInt(resp.Trailer.Get("Vitrine-Products"), 10, 64)
	e.Whole = err == nil
	if o.Format == rows.NDJSON && !o.Sources {
		e.Until, e.Products, e.Whole = end.mark()
	}
	return e, nil
}

// open is do for an answer of any length and duration, which the caller closes.
func (c *Client) open(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	resp, err := c.send(ctx, &http.Client{Transport: c.http.Transport}, req)
	if err != nil || resp.StatusCode < http.StatusBadRequest {
		return resp, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	return nil, problemOf(resp.StatusCode, text)
}

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

// tail keeps the end of what is written.
type tail struct{ end []byte }

const tailBytes = 512

func (t *tail) Write(p []byte) (int, error) {
	t.end = append(t.end, p[max(0, len(p)-tailBytes):]...)
	t.end = append(t.end[:0], t.end[max(0, len(t.end)-tailBytes):]...)
	return len(p), nil
}

// mark reads the last line of NDJSON, which says that the file is whole.
func (t *tail) mark() (until string, products int64, whole bool) {
	lines := bytes.Split(t.end, []byte("\n"))
	if len(lines) < 2 || len(lines[len(lines)-1]) > 0 {
		return "", 0, false
	}
	var m rows.ExportMark
	if json.Unmarshal(lines[len(lines)-2], &m) != nil || m.Export.Products == nil {
		return "", 0, false
	}
	return m.Export.Until, *m.Export.Products, true
}
