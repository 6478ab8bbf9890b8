package httpkit

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"

	"vitrine.dev/internal/fault"
)

const (
	// MaxBodyBytes bounds the body of a request.
	MaxBodyBytes = 1 << 20
	// decodeFactor is what decoding allocates at most for each byte of a body:
	// TestBodyMemory.
	decodeFactor = 16
)

// BodyMemory bounds the memory for the bodies of all requests.
type BodyMemory struct {
	Reading  Budget // bodies that are read, until their answer
	Decoding Budget // what decoding bodies makes of them
}

// Body is the body of a request: bounded, counted, and with its share of memory.
type Body struct {
	whole   io.ReadCloser
	bounded io.ReadCloser // the same, which ends with an error at most; nil until it is read
	length  int64         // announced by the client, -1 for none
	bytes   int64         // that the handler has read
	ended   bool
	memory  *BodyMemory
	held    Share // until the answer
	most    int64 // bytes that it may have
	pace    pace
}

// Wrap has b, the zero value, replace the body of the request.
func (b *Body) Wrap(w http.ResponseWriter, r *http.Request, memory *BodyMemory) {
	*b = Body{whole: r.Body, length: r.ContentLength, memory: memory, most: MaxBodyBytes, pace: pace{w: w}}
	r.Body = b
}

func (b *Body) Read(p []byte) (int, error) {
	b.pace.allow(b.bytes)
	if b.bounded == nil {
		b.bounded = http.MaxBytesReader(b.pace.w, b.whole, b.most)
	}
	n, err := b.bounded.Read(p)
	b.bytes += int64(n)
	b.ended = b.ended || err == io.EOF
	return n, err
}

// Close closes the body that was replaced.
func (b *Body) Close() error { return b.whole.Close() }

// Bytes is how much the handler has read.
func (b *Body) Bytes() int64 { return b.bytes }

// Rest is how much of the body is unread, -1 where that is unknown.
func (b *Body) Rest() int64 {
	switch {
	case b.ended:
		return 0
	case b.length < 0:
		return -1
	default:
		return b.length - b.bytes
	}
}

// ReadRest reads on, beyond the most that it may have.
func (b *Body) ReadRest(p []byte) (int, error) { return b.whole.Read(p) }

// Free gives back the memory of what was read.
func (b *Body) Free() { b.held.Free() }

// DecodeBody reads a body of one of the types and decodes it. accept is the
// header that names the types to a client that sent another one.
func DecodeBody[T any](r *http.Request, decode func([]byte) (T, error), accept string, types ...string) (decoded T, err error) {
	body, err := readBody(r, accept, types...)
	if err != nil {
		return decoded, err
	}
	if b, wrapped := r.Body.(*Body); wrapped && len(body) > FreeBytes {
		held, err := b.memory.Decoding.Take(r.Context(), decodes(int64(len(body))))
		if err != nil {
			return decoded, err
		}
		defer held.Free()
	}
	return decode(body)
}

// BodyType returns the media type of the body, without parameters, which is one of the types in
// UTF-8, or else why the request is refused, as DecodeBody does.
func BodyType(r *http.Request, accept string, types ...string) (string, error) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	utf8 := params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8")
	if err != nil || !slices.Contains(types, mediaType) || !utf8 {
		return "", Refuse(http.StatusUnsupportedMediaType, "the Content-Type must be %s, in UTF-8",
			strings.Join(types, " or ")).With(accept, strings.Join(types, ", "))
	}
	return mediaType, nil
}

func readBody(r *http.Request, accept string, types ...string) ([]byte, error) {
	if _, err := BodyType(r, accept, types...); err != nil {
		return nil, err
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, Refuse(http.StatusUnsupportedMediaType, "the body must not be compressed").
			With("Accept-Encoding", "identity")
	}
	if most := mostBytes(r); r.ContentLength > most { // before a client that waits for 100 Continue sends it
		return nil, BodyRefusal(&http.MaxBytesError{Limit: most})
	}
	body, err := readAll(r)
	if err != nil {
		return nil, BodyRefusal(err)
	}
	return body, nil
}

// readAll returns the whole body. Where it has more than FreeBytes it waits for
// a share of memory before it reads on, and takes no more than was announced.
// errBusy where there is none.
func readAll(r *http.Request) ([]byte, error) {
	b, wrapped := r.Body.(*Body)
	if !wrapped {
		return io.ReadAll(r.Body)
	}
	first, err := io.ReadAll(io.LimitReader(b, FreeBytes))
	if err != nil || b.Rest() == 0 {
		return first, err
	}
	size := Announced(r, b.most)
	if b.held, err = b.memory.Reading.Take(r.Context(), size); err != nil {
		return nil, err
	}
	body := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead)) // with room for ReadFrom to find the end
	body.Write(first)
	_, err = body.ReadFrom(b)
	return body.Bytes(), err
}

// Announced is how long the body of the request is at most: as it was announced, or else most.
func Announced(r *http.Request, most int64) int64 {
	if r.ContentLength < 0 {
		return most
	}
	return min(r.ContentLength, most)
}

// BodyRefusal says why a body could not be read.
func BodyRefusal(err error) *StatusError {
	var r *StatusError
	most, tooLarge := errors.AsType[*http.MaxBytesError](err)
	busy, noRoom := errors.AsType[*fault.Error](err)
	switch {
	case tooLarge:
		r = Refuse(http.StatusRequestEntityTooLarge, "the body must have at most %d bytes", most.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		r = Refuse(http.StatusRequestTimeout, "the body took too long to arrive")
	case noRoom && busy.Kind == fault.Unavailable:
		r = Refuse(http.StatusServiceUnavailable, "%s", busy.Message).With("Retry-After", RetryAfter)
	default:
		r = Refuse(http.StatusBadRequest, "the body could not be read to its end")
	}
	r.err = err
	return r
}
