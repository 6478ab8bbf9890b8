package fetch

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"vitrine.dev/internal/safehttp"
)

// Transport is for tests that keep a fetcher away from the internet.
func (f *Fetcher) Transport() *safehttp.Transport { return f.transport }

// ReadBody reads a body of the content coding as if it had been downloaded.
func ReadBody(cfg Config, coding string, body []byte) ([]byte, error) {
	r := &http.Response{
		Header:        http.Header{"Content-Encoding": {coding}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: -1,
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var read bytes.Buffer
	if err := New(cfg).read(r, cancel, &read); err != nil {
		return nil, failure(ctx, err)
	}
	return read.Bytes(), nil
}
