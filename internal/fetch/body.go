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
)

const firstBuffer = 64 << 10

// read reads the whole body, decoded, within the limits of bytes and of time
// between bytes; cancel ends the request. What the answer says of its length is
// used to refuse it early, never to reserve memory for bytes that may not come.
func (f *Fetcher) read(r *http.Response, cancel context.CancelCauseFunc) ([]byte, error) {
	if r.ContentLength > f.cfg.MaxBytes {
		return nil, f.tooLarge()
	}
	watch := newIdle(f.cfg.IdleTimeout, cancel)
	defer watch.stop()
	body, err := f.open(r, watch)
	if err != nil {
		return whole(nil, err)
	}
	read := make([]byte, 0, firstBuffer)
	for {
		n, err := body.Read(read[len(read):cap(read)])
		read = read[:len(read)+n]
		if err != nil {
			return whole(read, err)
		}
		if len(read) == cap(read) {
			read = slices.Grow(read, f.step(r, len(read)))
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

// step is by how much to grow a full buffer: to twice its length, but not
// beyond what the body may still bring.
func (f *Fetcher) step(r *http.Response, length int) int {
	end := f.cfg.MaxBytes + 1
	if said := r.ContentLength; said >= int64(length) { // else it says the length before decoding
		end = min(end, said+1)
	}
	return int(max(512, min(int64(length), end-int64(length))))
}

func whole(body []byte, err error) ([]byte, error) {
	switch {
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read body: %w", err)
	case len(body) == 0:
		return nil, fault.Fail(fault.UnsupportedType, "The host sent an empty body.", nil)
	}
	return body, nil
}

func (f *Fetcher) tooLarge() *fault.Failure {
	return fault.Fail(fault.TooLargeBytes, fmt.Sprintf("The image has more than %d bytes.", f.cfg.MaxBytes), nil)
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
