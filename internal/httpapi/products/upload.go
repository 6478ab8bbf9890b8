package products

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
	"vitrine.dev/internal/upload"
)

const (
	// TypeForm is the type of a body that has a picture.
	TypeForm = "multipart/form-data"
	// maxTextBytes bounds one of its other fields.
	maxTextBytes = 16 << 10
)

// SendsPicture reports whether the body of the request is a form that may have a picture.
func SendsPicture(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == TypeForm
}

// newImage reads an image that is added, and stores its picture where that is sent.
func (h *Handler) newImage(r *http.Request, product int64, versions []int64, key string) (added catalog.NewImage, err error) {
	mediaType, err := httpkit.BodyType(r, "Accept-Post", httpkit.TypeJSON, TypeForm)
	if err != nil {
		return catalog.NewImage{}, err
	}
	if mediaType != TypeForm {
		return httpkit.DecodeBody(r, decodeImage, "Accept-Post", httpkit.TypeJSON)
	}
	ctx := r.Context()
	if err := h.Service.CheckRoom(ctx, auth.From(ctx), product, versions, key); err != nil {
		return catalog.NewImage{}, err
	}
	most := h.Uploads.MaxBytes() + httpkit.MaxFormBytes
	err = httpkit.Receive(r, h.Receiving, most, func() (err error) {
		added, err = h.receive(ctx, r, httpkit.NewFile(r.Body, most))
		return err
	})
	return added, err
}

// receive reads the form, and stores its picture where nothing is wrong with the rest.
func (h *Handler) receive(ctx context.Context, r *http.Request, whole *httpkit.File) (catalog.NewImage, error) {
	body := &formBody{Reader: whole, left: httpkit.MaxFormBytes}
	bounded := r.WithContext(ctx) // the body of r itself has its times
	bounded.Body = io.NopCloser(body)
	parts, err := bounded.MultipartReader()
	if err != nil {
		return catalog.NewImage{}, httpkit.Refuse(http.StatusBadRequest, "the body is no form: its Content-Type must name the boundary")
	}
	sent := imageForm{uploads: h.Uploads, body: body}
	defer sent.close()
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = sent.read(part)
		}
		if err != nil {
			return catalog.NewImage{}, h.formRefusal(err)
		}
	}
	return sent.image(ctx)
}

// formRefusal says why the form could not be read.
func (h *Handler) formRefusal(err error) error {
	switch {
	case errors.Is(err, upload.ErrTooLarge):
		return httpkit.Refuse(http.StatusRequestEntityTooLarge, "the picture must have at most %d bytes", h.Uploads.MaxBytes())
	case errors.Is(err, errForm):
		return httpkit.Refuse(http.StatusRequestEntityTooLarge, "the form without its picture must have at most %d bytes", httpkit.MaxFormBytes)
	case fault.KindOf(err) == fault.Unavailable:
		return err
	}
	return httpkit.BodyRefusal(err)
}

var errForm = errors.New("the form without its picture has too many bytes")

// formBody bounds what is read, since the headers of parts are read into memory.
type formBody struct {
	io.Reader

	left int64
}

func (b *formBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errForm
	}
	n, err := b.Reader.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// imageForm is a form as far as it was read.
type imageForm struct {
	uploads *upload.Service
	body    *formBody
	file    *upload.File
	added   catalog.NewImage
	seen    []string
}

func (f *imageForm) close() {
	if f.file != nil {
		f.file.Close()
	}
}

// read takes one part of the form.
func (f *imageForm) read(part *multipart.Part) (err error) {
	name := part.FormName()
	if slices.Contains(f.seen, name) {
		f.added.FieldErrors.Add(name, "must be given once")
		return nil
	}
	f.seen = append(f.seen, name)
	switch name {
	case catalog.FieldFile:
		rest := f.body.left
		f.body.left += f.uploads.MaxBytes() + 1
		f.file, err = f.uploads.Receive(part)
		f.body.left = min(f.body.left, rest)
		if errors.Is(err, upload.ErrEmpty) {
			f.added.FieldErrors.Add(name, "must not be empty")
			return nil
		}
		return err
	case catalog.FieldAlt:
		f.added.Alt, err = f.text(name, part)
	case catalog.FieldPosition:
		var text string
		if text, err = f.text(name, part); err == nil && text != "" {
			f.added.Position = f.position(text)
		}
	default:
		f.added.FieldErrors.Add(name, form.Unknown)
	}
	return err
}

func (f *imageForm) text(name string, part io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(part, maxTextBytes+1))
	if len(text) > maxTextBytes {
		f.added.FieldErrors.Add(name, fmt.Sprintf("must have at most %d bytes", maxTextBytes))
		return "", nil
	}
	return string(text), err
}

func (f *imageForm) position(text string) *int {
	n, err := strconv.Atoi(text)
	if err != nil {
		f.added.FieldErrors.Add(catalog.FieldPosition, "must be an integer")
	}
	return &n
}

// image stores the picture and returns the image that is of it.
func (f *imageForm) image(ctx context.Context) (catalog.NewImage, error) {
	if f.file == nil && !f.added.FieldErrors.Has(catalog.FieldFile) {
		f.added.FieldErrors.Add(catalog.FieldFile, "is required")
	}
	if f.file == nil || len(f.added.FieldErrors) > 0 {
		return catalog.NewImage{}, f.added.FieldErrors.Err()
	}
	f.added.Stored = &catalog.Source{Sum: f.file.Sum}
	if err := f.added.Check(); err != nil {
		return catalog.NewImage{}, err
	}
	stored, err := f.uploads.Keep(ctx, f.file)
	f.added.Stored = &stored
	return f.added, err
}
