package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

const buffer = 32 << 10

// read writes the whole body, decoded, within the limits of bytes and of time
// between bytes; cancel ends the request. What the answer says of its length is
// used to refuse it early only.
func (f *Fetcher) read(r *http.Response, cancel context.CancelCauseFunc, into io.Writer) error {
	if r.ContentLength > f.cfg.MaxBytes {
		return f.tooLarge()
	}
	watch := newIdle(f.cfg.IdleTimeout, cancel)
	defer watch.stop()
	body, err := f.open(r, watch)
	if err != nil {
		return whole(0, err)
	}
	length, piece := int64(0), make([]byte, buffer)
	for {
		n, err := body.Read(piece)
		if length += int64(n); n > 0 {
			if _, err := into.Write(piece[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return whole(length, err)
		}
	}
}

// open returns the body without its codings, the last one first. Each stage is
// bounded by itself, so that neither much that is made of little nor little
// that is made of much costs more than a picture does.
func (f *Fetcher) open(r *http.Response, watch *idle) (io.Reader, error) {
	list, refused := codings(r)
	if refused != nil {
		return nil, refused
	}
	body := f.bounded(r.Body, watch.feed)
	for _, coding := range slices.Backward(list) {
		plain, err := decoded(coding, body)
		if err != nil {
			return nil, err
		}
		body = f.bounded(plain, func() {})
	}
	return body, nil
}

// bounded lets MaxBytes pass, and tells of each piece that comes.
func (f *Fetcher) bounded(from io.Reader, came func()) io.Reader {
	left := f.cfg.MaxBytes
	return reader(func(p []byte) (int, error) {
		n, err := from.Read(p)
		if n > 0 {
			came()
		}
		if left -= int64(n); left < 0 {
			return 0, f.tooLarge()
		}
		return n, err
	})
}

func whole(length int64, err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read body: %w", err)
	case length == 0:
		return fault.Fail(fault.UnsupportedType, "The host sent an empty body.", nil)
	}
	return nil
}

func (f *Fetcher) tooLarge() *fault.Failure {
	return media.TooLarge(f.cfg.MaxBytes)
}

// idle calls cancel unless it is fed within the limit.
type idle struct {
	limit time.Duration
	timer *time.Timer
}

func newIdle(limit time.Duration, cancel context.CancelCauseFunc) *idle {
	return &idle{limit: limit, timer: time.AfterFunc(limit, func() { cancel(errStalled) })}
}

func (i *idle) feed() { i.timer.Reset(i.limit) }
func (i *idle) stop() { i.timer.Stop() }
