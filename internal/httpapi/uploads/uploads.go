// Package uploads has uploads in two steps: a client says what it will send, and sends it to where
// it is told, which is the storage or this API.
package uploads

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
	"vitrine.dev/internal/signing"
	"vitrine.dev/internal/upload"
)

// paramToken proves that who sends a picture was told where to.
const paramToken = "token"

// Handler serves uploads. It is safe for concurrent use.
type Handler struct {
	Service *upload.Service
	Signing *signing.Keys
	// Receiving and Files bound what pictures, and what files of products, that are received take of the
	// disk.
	Receiving, Files httpkit.Budget
}

// Create answers with where to send a picture.
func (h *Handler) Create(w http.ResponseWriter, r *http.Request) error {
	draft, err := httpkit.DecodeBody(r, decode, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	u, err := h.Service.Begin(r.Context(), auth.From(r.Context()), draft)
	if err != nil {
		return fmt.Errorf("create upload: %w", err)
	}
	target, ok, err := h.Service.Target(r.Context(), u)
	if err == nil && !ok {
		target, err = h.own(r, u)
	}
	if err != nil {
		return fmt.Errorf("create upload: %w", err)
	}
	if target.Headers == nil {
		target.Headers = map[string]string{}
	}
	w.Header().Set("Location", path(u.ID))
	return httpkit.WriteFresh(w, http.StatusCreated, wire.CreatedUpload{
		Upload: wired(u), URL: target.URL, Method: http.MethodPut, Headers: target.Headers, SendUntil: u.CreatedAt.Add(upload.SendWithin),
	})
}

func path(id string) string { return "/uploads/" + id }

// own is where this API takes the picture.
func (h *Handler) own(r *http.Request, u upload.Upload) (upload.Target, error) {
	until := binary.BigEndian.AppendUint64(nil, uint64(u.CreatedAt.Add(upload.SendWithin).UnixMilli()))
	token, err := h.Signing.Seal(r.Context(), signing.Uploads, []byte(u.ID), until)
	return upload.Target{URL: path(u.ID) + "/content?" + paramToken + "=" + token, Headers: map[string]string{"Content-Type": typePicture}}, err
}

// typePicture is the type of a picture that is sent: what it is is found out by its bytes.
const typePicture = "application/octet-stream"

// badToken is why a token is refused of who was not told to send a picture here, or too long ago.
const badToken = "is not valid for this upload, or not any more: create another upload"

// Send takes the picture of an upload, whatever type it is said to have.
func (h *Handler) Send(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	p := httpkit.ParamsOf(r)
	until, err := h.Signing.Open(r.Context(), signing.Uploads, []byte(id), p.Text(paramToken))
	if err != nil && !errors.Is(err, signing.ErrNotSigned) {
		return fmt.Errorf("take upload: %w", err)
	}
	if err != nil || time.Now().UnixMilli() > int64(binary.BigEndian.Uint64(until)) { //nolint:gosec // as written
		p.Errors.Add(paramToken, badToken)
	}
	if err := p.Errors.Err(); err != nil {
		return err
	}
	u, err := h.Service.Awaited(r.Context(), id)
	if err != nil {
		return fmt.Errorf("take upload %s: %w", id, err)
	}
	most := h.Service.MostBytes(u)
	return httpkit.ReceiveFor(r, h.room(u), u.UserID, most, u.Bytes, func() error {
		file := httpkit.NewFile(r.Body, most)
		err := h.Service.Take(r.Context(), u, file)
		if refused := file.Refusal(); refused != nil {
			return refused
		}
		if err != nil {
			return fmt.Errorf("take upload %s: %w", id, err)
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

// room is where there has to be some for the upload.
func (h *Handler) room(u upload.Upload) httpkit.Budget {
	if u.Bytes > h.Service.MaxBytes() {
		return h.Files
	}
	return h.Receiving
}

// Complete makes the picture one that images may be of.
func (h *Handler) Complete(w http.ResponseWriter, r *http.Request) error {
	u, err := h.Service.Get(r.Context(), auth.From(r.Context()), r.PathValue("id"))
	if err == nil && !u.Stored {
		u, err = h.complete(r, u)
	}
	if err != nil {
		return fmt.Errorf("complete upload: %w", err)
	}
	return httpkit.WriteFresh(w, http.StatusOK, wired(u))
}

// complete has what was sent looked at, for which it is read from the storage to the disk.
func (h *Handler) complete(r *http.Request, u upload.Upload) (done upload.Upload, err error) {
	err = httpkit.WithRoom(r, h.room(u), u.Bytes, func() (err error) {
		done, err = h.Service.Complete(r.Context(), auth.From(r.Context()), u.ID)
		return err
	})
	return done, err
}

// Get answers with an upload.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	u, err := h.Service.Get(r.Context(), auth.From(r.Context()), r.PathValue("id"))
	if err != nil {
		return fmt.Errorf("get upload: %w", err)
	}
	return httpkit.WriteFresh(w, http.StatusOK, wired(u))
}

func wired(u upload.Upload) wire.Upload {
	status := wire.UploadWaiting
	if u.Stored {
		status = wire.UploadComplete
	}
	return wire.Upload{
		ID: u.ID, UserID: u.UserID, Status: status, Bytes: u.Bytes, SHA256: hex.EncodeToString(u.Sum[:]), SourceURL: imageurl.Upload(u.Sum),
		CreatedAt: u.CreatedAt, ExpiresAt: u.ExpiresAt,
	}
}

func decode(body []byte) (upload.Draft, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return upload.Draft{}, err
	}
	d := upload.Draft{
		UserID: form.NotNull(o, catalog.FieldUserID, form.ID(catalog.MaxID)),
		Bytes:  form.Required(o, upload.FieldBytes, form.Integer),
		SHA256: form.Required(o, upload.FieldSHA256, form.Text),
	}
	d.Purpose = upload.Purpose(form.NotNull(o, upload.FieldPurpose, form.Text))
	o.RefuseRest(map[string]string{"id": ours, "status": ours, "source_url": ours})
	d.FieldErrors = o.Errors
	return d, nil
}

const ours = "is set by the server"
