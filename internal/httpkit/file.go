package httpkit

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"time"

	"vitrine.dev/internal/fault"
)

const (
	// fileTime is how long a file may take to arrive.
	fileTime = 2 * time.Hour
	// MaxFormBytes is room for all of a form but its file: of FormFile.
	MaxFormBytes = 64 << 10
	// A form has at most formParts fields before its file, of formFieldBytes each.
	formParts      = 20
	formFieldBytes = 1 << 10
)

// Receive has do read a large body of at most so many bytes, once the budget has room for it, and gives the answer its time.
func Receive(r *http.Request, budget Budget, most int64, do func() error) error {
	return ReceiveFor(r, budget, budget.userOf(r.Context()), most, Announced(r, most), do)
}

// ReceiveFor is Receive for a user whom the context does not tell, where do reads no more than so many bytes of
// the most that the body may have.
func ReceiveFor(r *http.Request, budget Budget, user, most, bytes int64, do func() error) error {
	AllowLarge(r, most)
	if r.ContentLength > most { // before a client that waits for 100 Continue sends it
		return BodyRefusal(&http.MaxBytesError{Limit: most})
	}
	return withRoom(r, budget, user, bytes, do)
}

// WithRoom has do take so many bytes that are not in the body, once the budget has room for them, and gives the answer its time.
func WithRoom(r *http.Request, budget Budget, bytes int64, do func() error) error {
	return withRoom(r, budget, budget.userOf(r.Context()), bytes, do)
}

func withRoom(r *http.Request, budget Budget, user, bytes int64, do func() error) error {
	defer Received(r)
	room, err := budget.TakeFor(r.Context(), user, bytes)
	if err != nil {
		return err
	}
	defer room.Free()
	return do()
}

// File is a body, or a part of one, that arrives while it is read: it ends in time, has a bounded length, and keeps
// its error, which is the client's.
type File struct {
	from  io.Reader
	until time.Time
	err   error
}

// NewFile returns what arrives from the reader, at most so many bytes of it.
func NewFile(from io.Reader, most int64) *File {
	return &File{from: http.MaxBytesReader(nil, io.NopCloser(from), most), until: time.Now().Add(fileTime)}
}

func (f *File) Read(p []byte) (n int, err error) {
	if n, err = f.from.Read(p); err == nil && time.Now().After(f.until) {
		err = os.ErrDeadlineExceeded
	}
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// Refusal says why the file could not be received; nil: it is not the file's fault.
func (f *File) Refusal() error {
	if f.err == nil {
		return nil
	}
	return BodyRefusal(f.err)
}

// FormFile reads a form up to its file, which is not read yet: what is behind the file is not read at all. Before it are at most
// twenty fields, each given once, of a kilobyte at most. Its errors are refusals, or fault.Invalid with the field.
func FormFile(r *http.Request, file string) (fields map[string]string, part *multipart.Part, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, Refuse(http.StatusUnsupportedMediaType, "the body must be a form with a file")
	}
	fields = map[string]string{}
	for range formParts + 1 {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil, fault.InvalidField(file, "is required")
		case err != nil:
			return nil, nil, BodyRefusal(err)
		case part.FormName() == file:
			return fields, part, nil
		}
		name := part.FormName()
		text, err := io.ReadAll(io.LimitReader(part, formFieldBytes+1))
		if err != nil {
			return nil, nil, BodyRefusal(err)
		}
		if len(text) > formFieldBytes {
			return nil, nil, fault.InvalidField(name, fmt.Sprintf("must have at most %d bytes", formFieldBytes))
		}
		if _, twice := fields[name]; twice {
			return nil, nil, fault.InvalidField(name, "must be given once")
		}
		fields[name] = string(text)
	}
	return nil, nil, fault.InvalidField(file, fmt.Sprintf("must come after at most %d other fields", formParts))
}
