package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"vitrine.dev/internal/fault"
)

const firstBuffer = 64 << 10

// read reads the whole body within the limits of bytes and of time between
// bytes; cancel ends the request. What the answer says of its length is used to
// refuse it early, never to reserve memory for bytes that may not come.
func (f *Fetcher) read(r *http.Response, cancel context.CancelCauseFunc) ([]byte, error) {
	if r.ContentLength > f.cfg.MaxBytes {
		return nil, f.tooLarge()
	}
	watch := newIdle(f.cfg.IdleTimeout, cancel)
	defer watch.stop()
	body := make([]byte, 0, firstBuffer)
	for {
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > f.cfg.MaxBytes:
			return nil, f.tooLarge()
		case errors.Is(err, io.EOF):
			return whole(body)
		case err != nil:
			return nil, fmt.Errorf("read body: %w", err)
		}
		if n > 0 {
			watch.feed()
		}
		if len(body) == cap(body) {
			body = slices.Grow(body, f.step(r, len(body)))
		}
	}
}

// step is by how much to grow a full buffer: to twice its length, but not
// beyond what the body may still bring.
func (f *Fetcher) step(r *http.Response, length int) int {
	end := f.cfg.MaxBytes + 1
	if r.ContentLength >= 0 {
		end = min(end, r.ContentLength+1)
	}
	return int(max(512, min(int64(length), end-int64(length))))
}

func whole(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, fault.Fail(fault.UnsupportedType, "The host sent an empty body.", nil)
	}
	return body, nil
}

func (f *Fetcher) tooLarge() *fault.Failure {
	return fault.Fail(fault.TooLargeBytes, fmt.Sprintf("The image has more than %d bytes.", f.cfg.MaxBytes), nil)
}
