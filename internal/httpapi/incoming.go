package httpapi

import (
	"bytes"
	"io"
	"net/http"

	"golang.org/x/sync/semaphore"
)

// incoming is the body of a request on its way to a handler.
type incoming struct {
	io.ReadCloser               // ends with an error at maxBodyBytes
	whole         io.ReadCloser // the same body without that bound
	length        int64         // that was told, -1 for none
	bytes         int64         // that the handler has read
	ended         bool
	memory        *semaphore.Weighted // for what is kept of it
	held          share               // until the answer
}

// newIncoming takes the place of the request's body.
func newIncoming(w http.ResponseWriter, r *http.Request, memory *semaphore.Weighted) *incoming {
	b := &incoming{
		ReadCloser: http.MaxBytesReader(w, r.Body, maxBodyBytes), whole: r.Body, length: r.ContentLength, memory: memory,
	}
	r.Body = b
	return b
}

func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes += int64(n)
	b.ended = b.ended || err == io.EOF
	return n, err
}

// rest is how much of the body is unread, -1 where no one knows.
func (b *incoming) rest() int64 {
	switch {
	case b.ended:
		return 0
	case b.length < 0:
		return -1
	default:
		return b.length - b.bytes
	}
}

// readAll returns the whole body. Where it has more than freeBytes it waits for
// a share of memory before it reads on, and takes no more than was told.
// errBusy where there is none.
func readAll(r *http.Request) ([]byte, error) {
	b, counted := r.Body.(*incoming)
	if !counted {
		return io.ReadAll(r.Body)
	}
	first, err := io.ReadAll(io.LimitReader(b, freeBytes))
	if err != nil || b.rest() == 0 {
		return first, err
	}
	size := int64(maxBodyBytes)
	if b.length >= 0 {
		size = min(size, b.length)
	}
	if b.held, err = take(r.Context(), b.memory, size); err != nil {
		return nil, err
	}
	body := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead)) // with the room in which ReadFrom looks for the end
	body.Write(first)
	_, err = body.ReadFrom(b)
	return body.Bytes(), err
}
